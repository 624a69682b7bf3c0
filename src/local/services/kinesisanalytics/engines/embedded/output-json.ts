import { gzipSync } from "node:zlib";
import type { Scored } from "../../../../../detect/detector.ts";
import type { Reading } from "./reading.ts";

/** Bytes that fit into a record beside the partition key. */
const LARGEST = 1_040_000;
/** Bytes of noise that fit in base64. */
const PART = 720_000;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The reading's fields, `rcfScore` and `score`. */
export function scoredJson(reading: Reading, scored: Scored): Uint8Array {
  const { turbineId, location, speed, timestamp, more } = reading;
  const fields: Record<string, unknown> = { turbineId, location, speed, timestamp };
  for (const [name, value] of more) fields[name] = value;
  return Buffer.from(JSON.stringify({ ...fields, rcfScore: scored.rcfScore, score: scored.score }));
}

/**
 * `{"error","raw"}`: the record whole. Where it isn't text it is in base64, where it would not fit into a record it is
 * compressed before, and `encoding` says so; noise of nearly a record's largest size goes in two parts.
 */
export function malformedJson(error: string, raw: Uint8Array): Uint8Array[] {
  const json = (why: string, content: string, encoding?: string) =>
    Buffer.from(JSON.stringify({ error: why, raw: content, encoding }));
  const text = decoded(raw);
  const plain = text === undefined ? json(error, base64(raw), "base64") : json(error, text);
  if (plain.length <= LARGEST) return [plain];
  const packed = json(error, base64(gzipSync(raw)), "gzip+base64");
  if (packed.length <= LARGEST) return [packed];
  const parts = Math.ceil(raw.length / PART);
  return Array.from({ length: parts }, (_, i) =>
    json(`${error}; part ${i + 1} of ${parts}`, base64(raw.subarray(i * PART, (i + 1) * PART)), "base64"),
  );
}

function decoded(raw: Uint8Array): string | undefined {
  try {
    return utf8.decode(raw);
  } catch {
    return undefined;
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
