import type { HttpService, Stack } from "../../service.ts";
import { send, sendError } from "./answer.ts";
import { s3Error } from "./errors.ts";
import { findVersion, putBytes } from "./objects.ts";
import { operationOf } from "./operations.ts";
import { checkExpiry, readRequest, type S3Request } from "./request.ts";
import { S3State } from "./state.ts";

/** S3 over its own REST protocol: path and virtual-host style, today's streamed and checksummed uploads. */
export function s3(stack: Stack): HttpService {
  const state = new S3State(stack);
  return {
    kind: "http",
    signingNames: ["s3", "s3express"],
    operationOf: (incoming, call) => {
      try {
        return operationOf(readRequest(incoming, call)).name;
      } catch {
        // What the request means is none of S3's operations: `handle` says so.
        return incoming.method ?? "";
      }
    },
    async handle(incoming, response, call) {
      let request: S3Request | undefined;
      try {
        request = readRequest(incoming, call);
        checkExpiry(request.query, stack.now());
        const reply = operationOf(request).run(request, state);
        await send(response, reply instanceof Promise ? await reply : reply, request, call);
      } catch (error) {
        sendError(response, error, incoming, request, call, stack.log);
      }
    },
    fail: (error, incoming, response, call) => sendError(response, error, incoming, undefined, call, stack.log),
    async invoke(operation, input) {
      if (operation !== "PutObject") throw s3Error("NotImplemented", {}, `S3 has no ${operation} inside the stack`);
      return putBytes(state, input as Parameters<typeof putBytes>[1]);
    },
    object(bucket, key, versionId) {
      const version = findVersion(state, bucket, key, versionId);
      const { size, etag } = version;
      return {
        path: state.path(version),
        size,
        etag,
        versionId: version.versionId === "null" ? undefined : version.versionId,
      };
    },
  };
}
