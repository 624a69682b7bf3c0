import { randomUUID } from "node:crypto";
import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import type { AsyncQueue } from "./async-queue.ts";
import type { Functions } from "./functions.ts";

/** Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const SYNC_LIMIT = 6_291_456;
const ASYNC_LIMIT = 1_048_576;

/** The payload as JSON text; an absent one is `{}` as the runtime gets it. */
function json(payload: unknown): string {
  if (payload === undefined || payload === null) return "{}";
  const text = typeof payload === "string" ? payload : Buffer.from(payload as Uint8Array).toString("utf8");
  if (text === "") return "{}";
  try {
    JSON.parse(text);
  } catch (error) {
    throw new AwsError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${(error as Error).message}`,
      400,
      {
        Type: "User",
      },
    );
  }
  return text;
}

/** Invoke: RequestResponse waits for the answer, Event queues, DryRun only checks. */
export function invocations(functions: Functions, queue: AsyncQueue): Record<string, Operation> {
  const Invoke = async (input: any, call: Call): Promise<object> => {
    const f = functions.get(input.FunctionName, call.region);
    const type = input.InvocationType ?? "RequestResponse";
    const payload = json(input.Payload);
    const limit = type === "Event" ? ASYNC_LIMIT : SYNC_LIMIT;
    const size = Buffer.byteLength(payload);
    if (size > limit) {
      throw new AwsError(
        "RequestTooLargeException",
        `${size} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`,
        413,
      );
    }
    if (type === "DryRun") return { StatusCode: 204 };
    if (type === "Event") {
      queue.add(f, payload, call.requestId || randomUUID());
      return { StatusCode: 202, Payload: new Uint8Array() };
    }
    if (type !== "RequestResponse") {
      throw new AwsError(
        "ValidationException",
        `Value '${type}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]`,
      );
    }
    const current = () => functions.get(f.name, f.region);
    const clientContext = input.ClientContext ? Buffer.from(input.ClientContext, "base64").toString() : undefined;
    const result = await functions.pool(f).invoke(current, payload, { requestId: call.requestId, clientContext });
    return {
      StatusCode: 200,
      ExecutedVersion: "$LATEST",
      FunctionError: result.functionError,
      LogResult: input.LogType === "Tail" ? Buffer.from(result.log).subarray(-4096).toString("base64") : undefined,
      Payload: Buffer.from(result.payload),
    };
  };
  return { Invoke };
}
