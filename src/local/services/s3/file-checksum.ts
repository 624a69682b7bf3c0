import { createReadStream } from "node:fs";
import { type Algorithm, newChecksum } from "./checksums.ts";

/** The base64 checksum of the files' bytes, one after the other. */
export async function checksumOf(paths: string[], algorithm: Algorithm): Promise<string> {
  const checksum = newChecksum(algorithm);
  for (const path of paths)
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) checksum.update(chunk);
  return checksum.digest().toString("base64");
}
