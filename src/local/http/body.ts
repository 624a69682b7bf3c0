import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { AwsError } from "../errors.ts";

/** A request may be this long silent in the middle of its body. */
const IDLE_MS = 30_000;

/** A request's whole body, at most `limit` bytes of it, unzipped where it was sent so. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
  const body = await collect(request, limit);
  if (request.headers["content-encoding"] !== "gzip") return body;
  try {
    return gunzipSync(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    throw new AwsError("SerializationException", "The request's body is not gzip");
  }
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const idle = setTimeout(
      () => finish(new AwsError("RequestTimeout", "The request's body did not come", 408)),
      IDLE_MS,
    );
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) finish(tooLarge(limit));
      else chunks.push(chunk);
      idle.refresh();
    };
    const onEnd = () => finish();
    const onClose = () => finish(new AwsError("RequestAborted", "The client went away"));
    const finish = (error?: AwsError) => {
      clearTimeout(idle);
      request.off("data", onData).off("end", onEnd).off("error", onClose).off("close", onClose);
      // A late error of a request that was given up must not end the process.
      request.on("error", () => {});
      if (error) reject(error);
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    };
    request.on("data", onData).on("end", onEnd).on("error", onClose).on("close", onClose);
  });
}

const tooLarge = (limit: number) =>
  new AwsError("RequestEntityTooLargeException", `The request is larger than ${limit} bytes`, 413);
