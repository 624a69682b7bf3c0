import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Algorithm, declaredChecksum, headerOf, isChecksum, newChecksum } from "./checksums.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { s3Error } from "./errors.ts";
import { bodyOf, type S3Request } from "./request.ts";
import type { S3State } from "./state.ts";

/** Bytes on disk that no object names yet. */
export interface Received {
  path: string;
  size: number;
  /** Hex. */
  md5: string;
  checksum: { algorithm: Algorithm; value: string };
}

const MAX_OBJECT = 5 * 1024 ** 3;

/** Where object bytes lie: one immutable file each, under a name that has nothing of the key. */
export async function newFile(folder: string): Promise<string> {
  const id = randomBytes(16).toString("hex");
  const directory = join(folder, id.slice(0, 2));
  await mkdir(directory, { recursive: true });
  return join(directory, id.slice(2));
}

/**
 * Streams the request's body to a new file in constant memory and checks everything the client said of it: length,
 * Content-MD5, signed SHA-256, checksum in header or trailer. On any error the file is gone again.
 */
export async function receiveBody(request: S3Request, state: S3State): Promise<Received> {
  const declared = declaredChecksum(request.header);
  const algorithm = declared?.algorithm ?? "CRC64NVME";
  const contentMd5 = expectedMd5(request.header("content-md5"));
  const signed = request.header("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  const chunked = signed.startsWith("STREAMING-") ? new ChunkedDecoder() : undefined;
  const length = expectedLength(request, chunked !== undefined);
  const sha256 = /^[0-9a-f]{64}$/.test(signed) ? createHash("sha256") : undefined;
  const md5 = createHash("md5");
  const checksum = newChecksum(algorithm);
  let size = 0;

  const path = await newFile(state.folder);
  const file = state.create(path);
  // Opening may fail before anything waits for it.
  const failed = new Promise<never>((_, reject) => file.once("error", reject));
  failed.catch(() => {});
  const write = async (bytes: Buffer) => {
    size += bytes.length;
    if (size > MAX_OBJECT) throw s3Error("EntityTooLarge", { MaxSizeAllowed: MAX_OBJECT });
    md5.update(bytes);
    sha256?.update(bytes);
    checksum.update(bytes);
    if (!file.write(bytes)) await Promise.race([once(file, "drain"), failed]);
  };
  try {
    for await (const wire of bodyOf(request)) {
      if (chunked) for (const bytes of chunked.push(wire)) await write(bytes);
      else await write(wire);
    }
    chunked?.end();
    if (length !== undefined && size !== length) throw s3Error("IncompleteBody");
    file.end();
    await Promise.race([once(file, "close"), failed]);
    const hex = md5.digest("hex");
    if (contentMd5 !== undefined && contentMd5 !== hex)
      throw s3Error(
        "BadDigest",
        { ExpectedDigest: contentMd5, CalculatedDigest: hex },
        "The Content-MD5 you specified did not match what we received.",
      );
    const computed = sha256?.digest("hex");
    if (computed !== undefined && computed !== signed)
      throw s3Error("XAmzContentSHA256Mismatch", {
        ClientComputedContentSHA256: signed,
        S3ComputedContentSHA256: computed,
      });
    const value = checksum.digest().toString("base64");
    const said = declared?.value ?? chunked?.trailers.get(headerOf(algorithm));
    if (said !== undefined && said !== value) throw mismatch(algorithm, said);
    return { path, size, md5: hex, checksum: { algorithm, value } };
  } catch (error) {
    file.destroy();
    await rm(path, { force: true });
    throw error;
  }
}

function mismatch(algorithm: Algorithm, said: string) {
  if (!isChecksum(algorithm, said))
    return s3Error("InvalidRequest", {}, `Value for ${headerOf(algorithm)} trailing header is invalid.`);
  return s3Error("BadDigest", {}, `The ${algorithm} you specified did not match the calculated checksum.`);
}

function expectedMd5(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const bytes = Buffer.from(header, "base64");
  if (bytes.length !== 16) throw s3Error("InvalidDigest", { "Content-MD5": header });
  return bytes.toString("hex");
}

function expectedLength(request: S3Request, chunked: boolean): number | undefined {
  const text = chunked ? request.header("x-amz-decoded-content-length") : request.header("content-length");
  if (text === undefined) {
    // Without a length S3 takes only its own chunking.
    if (!chunked && request.incoming.headers["transfer-encoding"] !== undefined) return undefined;
    if (chunked) throw s3Error("MissingContentLength");
    return 0;
  }
  if (!/^\d{1,15}$/.test(text))
    throw s3Error("InvalidArgument", { ArgumentName: "Content-Length", ArgumentValue: text });
  if (Number(text) > MAX_OBJECT) throw s3Error("EntityTooLarge", { ProposedSize: text, MaxSizeAllowed: MAX_OBJECT });
  return Number(text);
}
