import { createHash } from "node:crypto";
import { type Checksum, crc32Checksum, crc32cChecksum, crc64NvmeChecksum } from "./crc.ts";
import { s3Error } from "./errors.ts";

const ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** As S3 keeps it with the object: over the whole object, or (COMPOSITE) over its parts' checksums, with `-<parts>`. */
export interface StoredChecksum {
  algorithm: Algorithm;
  type: "FULL_OBJECT" | "COMPOSITE";
  /** Base64. */
  value: string;
}

const BYTES: Record<Algorithm, number> = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 };

export function newChecksum(algorithm: Algorithm): Checksum {
  switch (algorithm) {
    case "CRC32":
      return crc32Checksum();
    case "CRC32C":
      return crc32cChecksum();
    case "CRC64NVME":
      return crc64NvmeChecksum();
    default: {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
    }
  }
}

export function headerOf(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The element's name in XML answers: ChecksumCRC32 … */
export function elementOf(algorithm: Algorithm): string {
  return `Checksum${algorithm}`;
}

export function parseAlgorithm(name: string | undefined): Algorithm | undefined {
  if (name === undefined) return undefined;
  const found = ALGORITHMS.find((a) => a === name.toUpperCase());
  if (!found)
    throw s3Error(
      "InvalidRequest",
      {},
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]`,
    );
  return found;
}

export interface Declared {
  algorithm: Algorithm;
  /** Base64, if it came in a header; undefined if the trailer brings it or the server computes it. */
  value: string | undefined;
}

/** What the client says its body's checksum is, or will be. */
export function declaredChecksum(header: (name: string) => string | undefined): Declared | undefined {
  const given = ALGORITHMS.filter((a) => header(headerOf(a)) !== undefined);
  if (given.length > 1)
    throw s3Error(
      "InvalidRequest",
      {},
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  const [algorithm] = given;
  if (algorithm) {
    const value = header(headerOf(algorithm))!;
    if (!isChecksum(algorithm, value))
      throw s3Error("InvalidRequest", {}, `Value for ${headerOf(algorithm)} header is invalid.`);
    return { algorithm, value };
  }
  for (const name of (header("x-amz-trailer") ?? "").split(",")) {
    const match = /^x-amz-checksum-(\w+)$/.exec(name.trim().toLowerCase());
    if (match) return { algorithm: parseAlgorithm(match[1])!, value: undefined };
  }
  const named = header("x-amz-sdk-checksum-algorithm") ?? header("x-amz-checksum-algorithm");
  return named ? { algorithm: parseAlgorithm(named)!, value: undefined } : undefined;
}

export function isChecksum(algorithm: Algorithm, base64: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && Buffer.from(base64, "base64").length === BYTES[algorithm];
}
