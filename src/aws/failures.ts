import { WindopsError } from "../io/errors/errors.ts";

/** Kinds of errors that services answer with, told apart by name and message. */

type ServiceError = Error & { $metadata?: { httpStatusCode?: number }; code?: string; $retryable?: object };

const absent = new Set([
  "NoSuchBucket",
  "NoSuchKey",
  "NotFound",
  "NotFoundException",
  "ResourceNotFoundException",
  "ResourceNotFound",
  "NoSuchEntity",
  "NoSuchEntityException",
]);

/** The thing asked for isn't there. */
export function isAbsent(error: unknown): boolean {
  return absent.has((error as Error).name);
}

/** `undefined` where the thing isn't there; other errors stay errors. */
export async function orAbsent<T>(promise: Promise<T>, ...alsoAbsent: string[]): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isAbsent(error) || alsoAbsent.includes((error as Error).name)) return undefined;
    throw error;
  }
}

const throttling =
  /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown|BandwidthLimitExceeded|LimitExceededException.*(rate|five|5 )/i;
const network = /ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|TimeoutError|socket hang up|ERR_HTTP2|EAI_AGAIN/;

/** Refused because of how much was asked in how little time. */
export function isThrottled(error: unknown): boolean {
  const { name = "", message = "" } = error as ServiceError;
  return throttling.test(`${name} ${message}`);
}

/** Worth asking again: throttled, the service's own fault, or the line broke. */
export function isTransient(error: unknown): boolean {
  const { name = "", message = "", code = "", $metadata } = error as ServiceError;
  if (($metadata?.httpStatusCode ?? 0) >= 500) return true;
  return isThrottled(error) || network.test(`${code} ${name} ${message}`);
}

const conflicts = new Set([
  "ResourceInUseException",
  "ResourceConflictException",
  "ConcurrentModificationException",
  "ConcurrentModification",
  "ConflictException",
  "OperationAbortedException",
  "OperationAborted",
  "ResourceAlreadyExistsException",
  "EntityAlreadyExists",
  "EntityAlreadyExistsException",
  "BucketAlreadyOwnedByYou",
  // A policy was put or attached after we looked.
  "DeleteConflict",
  "DeleteConflictException",
  "InvalidArgumentException.NotActive",
]);

/** Somebody (another setup, an operation under way) was there first: read again and see what is left to do. */
export function isConflict(error: unknown): boolean {
  return conflicts.has((error as Error).name);
}

/** Five streams being created at once, ten tables: not the account's quota, though the two share a name. */
export function isSimultaneousLimit(error: unknown): boolean {
  const { name, message } = error as Error;
  if (name !== "LimitExceededException") return false;
  if (/simultaneous|concurrent|CREATING/i.test(message)) return true;
  return !/shard|quota|account|per subscriber|stream(s)? per|exceed.*limit of \d{2,}/i.test(message);
}

const quotas = new Set([
  "LimitExceededException",
  "LimitExceeded",
  "ServiceQuotaExceededException",
  "TooManyBuckets",
  "CodeStorageExceededException",
  "TopicLimitExceeded",
  "TopicLimitExceededException",
  "SubscriptionLimitExceeded",
  "SubscriptionLimitExceededException",
]);

/** The account may have no more of it: asking again doesn't help. */
export function isQuota(error: unknown): boolean {
  return quotas.has((error as Error).name) && !isSimultaneousLimit(error) && !isTransient(error);
}

/** `error`, as E_NO_TABLE where it says that `table` isn't there. */
export function missingTable(table: string, error: unknown): unknown {
  if ((error as Error).name !== "ResourceNotFoundException") return error;
  return new WindopsError("E_NO_TABLE", `There is no table "${table}".`, {
    hint: "Run `windops setup`.",
    cause: error,
  });
}
