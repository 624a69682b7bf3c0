import { createReadStream, openSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { AwsError } from "../../errors.ts";
import type { Call } from "../../service.ts";
import { s3Error } from "./errors.ts";
import type { Reply, S3Request } from "./request.ts";
import { document } from "./xml.ts";

export async function send(response: ServerResponse, reply: Reply, request: S3Request, call: Call): Promise<void> {
  // Opened in the same turn in which the version was found: a newer write may unlink the file, but not what is open.
  const sends = reply.file !== undefined && request.method !== "HEAD" && reply.file.end >= reply.file.start;
  const fd = sends ? openSync(reply.file!.path, "r") : undefined;
  const body = reply.xml ?? reply.text;
  setHeaders(response, { ...reply.headers, ...idHeaders(call) });
  if (body !== undefined)
    response.setHeader("content-type", reply.xml === undefined ? "application/json" : "application/xml");
  response.statusCode = reply.status ?? 200;
  if (fd !== undefined) {
    const { start, end } = reply.file!;
    await pipeline(createReadStream("", { fd, start, end, highWaterMark: 1 << 18 }), response);
  } else if (reply.file && request.method === "HEAD") {
    response.end();
  } else {
    if (response.statusCode !== 204) response.setHeader("content-length", Buffer.byteLength(body ?? ""));
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

/** Answers an error as S3 words it; bugs and refused writes are InternalError. */
export function sendError(
  response: ServerResponse,
  error: unknown,
  incoming: IncomingMessage,
  request: S3Request | undefined,
  call: Call,
  log: (line: string) => void,
): void {
  if (incoming.destroyed && !incoming.complete && response.socket?.destroyed !== false) return;
  const known = error instanceof AwsError && error.code !== "InternalFailure" ? error : s3Error("InternalError");
  if (known !== error) log(`S3 ${call.operation} failed: ${(error as Error)?.stack ?? error}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // Clients send their body to its end before they look at the answer.
  if (!incoming.complete) incoming.resume();
  const { deleteMarker, etag, ...members } = known.members as Record<string, any>;
  setHeaders(response, idHeaders(call));
  response.statusCode = known.status;
  if (deleteMarker !== undefined) {
    response.setHeader("x-amz-delete-marker", "true");
    response.setHeader("x-amz-version-id", deleteMarker);
  }
  if (known.status === 304) {
    response.setHeader("etag", `"${etag}"`);
    response.end();
    return;
  }
  const xml = document(
    "Error",
    [
      ["Code", known.code],
      ["Message", known.message],
      ...Object.entries(members).map(([name, value]): [string, string] => [name, String(value)]),
      ["Resource", request ? `/${request.bucket}${request.key ? `/${request.key}` : ""}` : "/"],
      ["RequestId", call.requestId],
      ["HostId", "windops"],
    ],
    "",
  );
  response.setHeader("content-type", "application/xml");
  response.setHeader("content-length", Buffer.byteLength(xml));
  response.end(incoming.method === "HEAD" ? undefined : xml);
}

function idHeaders(call: Call): Record<string, string> {
  return { "x-amz-request-id": call.requestId, "x-amz-id-2": "windops", server: "AmazonS3" };
}

function setHeaders(response: ServerResponse, headers: Record<string, string | number | undefined>): void {
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
}
