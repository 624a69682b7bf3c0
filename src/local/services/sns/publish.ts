import { randomUUID } from "node:crypto";
import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import type { Delivery } from "./delivery.ts";
import { invalid, type SnsState, type Topic } from "./state.ts";

/** Message, subject and attributes together. */
const MAX_BYTES = 256 * 1024;

export interface Attribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: Uint8Array;
}

export interface Message {
  id: string;
  subject: string | undefined;
  /** By protocol; `default` for those without their own. */
  bodies: Record<string, string>;
  attributes: Record<string, Attribute>;
}

interface PublishInput {
  TopicArn?: string;
  TargetArn?: string;
  PhoneNumber?: string;
  Message?: string;
  Subject?: string;
  MessageStructure?: string;
  MessageAttributes?: Record<string, Attribute>;
}

/** Throws InvalidParameter or InvalidParameterValue, as SNS does, for what it wouldn't publish. */
function readMessage(input: PublishInput): Message {
  const { Message: text, Subject: subject, MessageAttributes: attributes = {} } = input;
  if (!text) throw invalid("Empty message");
  checkSubject(subject);
  checkAttributes(attributes);
  if (sizeOf(input) > MAX_BYTES) throw invalid("Message too long");
  return { id: randomUUID(), subject, bodies: bodiesOf(input), attributes };
}

function sizeOf(input: PublishInput): number {
  let bytes = Buffer.byteLength(input.Message ?? "") + Buffer.byteLength(input.Subject ?? "");
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(input.MessageAttributes ?? {}))
    bytes +=
      Buffer.byteLength(name) +
      Buffer.byteLength(DataType) +
      Buffer.byteLength(StringValue ?? "") +
      (BinaryValue?.length ?? 0);
  return bytes;
}

/** "Subjects must be ASCII text that begins with a letter, number, or punctuation mark; must not include line breaks or control characters; and must be less than 100 characters long." */
function checkSubject(subject: string | undefined): void {
  if (subject === undefined) return;
  if (!/^[\x21-\x7e][\x20-\x7e]*$/.test(subject) || subject.length > 100) throw invalid("Subject");
}

function checkAttributes(attributes: Record<string, Attribute>): void {
  const wrong = (why: string) => new AwsError("ParameterValueInvalid", why);
  for (const [name, value] of Object.entries(attributes)) {
    if (!/^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/.test(name) || /^(AWS|Amazon)\./i.test(name))
      throw wrong(
        `Invalid non-alphanumeric character was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
      );
    const type = value?.DataType ?? "";
    if (!/^(String|Number|Binary)(\.|$)/.test(type))
      throw wrong(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    if (type.startsWith("Binary") ? !value.BinaryValue?.length : !value.StringValue)
      throw wrong(
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
      );
    if (type.startsWith("Number") && !Number.isFinite(Number(value.StringValue)))
      throw wrong(`Could not cast message attribute '${name}' value to number.`);
  }
}

function bodiesOf({ Message: text = "", MessageStructure: structure }: PublishInput): Record<string, string> {
  if (!structure) return { default: text };
  if (structure !== "json") throw invalid("MessageStructure");
  let bodies: any;
  try {
    bodies = JSON.parse(text);
  } catch {
    throw invalid("Message Structure - JSON message body failed to parse");
  }
  if (typeof bodies?.default !== "string") throw invalid("Message Structure - No default entry in JSON message body");
  return Object.fromEntries(
    Object.entries(bodies).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

export function publishOperations(state: SnsState, delivery: Delivery): Record<string, Operation> {
  const target = (input: PublishInput): Topic => {
    if (input.PhoneNumber) throw invalid("PhoneNumber", "The embedded stack sends no text messages");
    return state.topic(input.TopicArn ?? input.TargetArn);
  };
  return {
    Publish(input: PublishInput, call: Call) {
      const topic = target(input);
      const message = readMessage(input);
      delivery.deliver(topic, message, call.region);
      return { MessageId: message.id };
    },

    PublishBatch(
      input: { TopicArn?: string; PublishBatchRequestEntries?: (PublishInput & { Id: string })[] },
      call: Call,
    ) {
      const topic = state.topic(input.TopicArn);
      const entries = input.PublishBatchRequestEntries ?? [];
      if (entries.length === 0)
        throw new AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.");
      if (entries.length > 10)
        throw new AwsError(
          "TooManyEntriesInBatchRequest",
          "The batch request contains more entries than permissible (more than 10).",
        );
      if (new Set(entries.map((e) => e.Id)).size !== entries.length)
        throw new AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
      if (entries.reduce((sum, e) => sum + sizeOf(e), 0) > MAX_BYTES)
        throw new AwsError(
          "BatchRequestTooLong",
          "The length of all the batch messages put together is more than the limit.",
        );
      const Successful: object[] = [];
      const Failed: object[] = [];
      for (const entry of entries) {
        try {
          const message = readMessage(entry);
          delivery.deliver(topic, message, call.region);
          Successful.push({ Id: entry.Id, MessageId: message.id });
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: error.status < 500 });
        }
      }
      return { Successful, Failed };
    },
  };
}
