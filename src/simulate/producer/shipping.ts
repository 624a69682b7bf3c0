import { WindopsError } from "../../io/errors/errors.ts";
import type { Pending, Request } from "./buffer.ts";
import type { ShardBackoff } from "./shard-backoff.ts";

/** How readings are put into PutRecords requests. */
export interface Shipping {
  /** Readings that make a request worth sending. */
  readonly wanted: number;
  /** Readings read ahead, so that a shard that holds back doesn't hold up the others. */
  readonly readAhead: number;
  /** A request takes one reading of a turbine: if the first of two failed and the second didn't, their order were gone. */
  readonly onePerTurbine: boolean;
  /** Before the first request. */
  begin?(): Promise<void>;
  /** A request for at most `most` readings. */
  request(most: number): SendableRequest;
}

export interface SendableRequest extends Request {
  /** Resolves to the readings that have to be sent again; `backoff` learns what each shard said. */
  send(backoff: ShardBackoff): Promise<Pending[]>;
}

/** PutRecords takes 500 records and 5 MiB, keys included. */
export const MOST_RECORDS = 500;
export const MOST_BYTES = 5 * 1024 * 1024;

/** True where all of a request was throttled; throws what isn't that, a missing stream by its name. */
export function isThrottled(error: unknown, stream: string): boolean {
  const { name } = error as Error;
  if (name === "ResourceNotFoundException") {
    throw new WindopsError("E_NO_STREAM", `There is no stream "${stream}".`, {
      hint: "Run `windops setup`, or name another one with --stream.",
      cause: error,
    });
  }
  if (!/Throughput|Throttl|LimitExceeded/.test(name)) throw error;
  return true;
}
