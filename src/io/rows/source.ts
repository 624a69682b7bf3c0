import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { TextDecoder } from "node:util";
import { createGunzip } from "node:zlib";
import { WindopsError } from "../errors/errors.ts";

const PIECE = 1 << 20;

/**
 * The text of a file (`-`: `stdin`) in pieces. Gzip is known by its magic bytes, whatever the name says; UTF-8 and
 * UTF-16 by their byte order mark, UTF-8 without one. Throws `WindopsError` for what can't be opened or unpacked.
 * `onBytes` is told the size of each piece that was read, before it is unpacked.
 */
export async function* readText(
  file: string,
  stdin?: Readable,
  onBytes: (count: number) => void = () => {},
): AsyncGenerator<string> {
  const input = file === "-" && stdin ? stdin : createReadStream(file, { highWaterMark: PIECE });
  try {
    let decoder: TextDecoder | undefined;
    for await (const bytes of await unpacked(input, onBytes)) {
      decoder ??= new TextDecoder(encodingOf(bytes));
      const text = decoder.decode(bytes, { stream: true });
      if (text !== "") yield text;
    }
    const tail = decoder?.decode();
    if (tail) yield tail;
  } catch (error) {
    throw readFault(file, error);
  } finally {
    if (input !== stdin) input.destroy();
  }
}

async function unpacked(input: Readable, onBytes: (count: number) => void): Promise<AsyncIterable<Uint8Array>> {
  const pieces = counted(input, onBytes);
  let head = Buffer.alloc(0);
  // A pipe may hand over the magic bytes one at a time.
  while (head.length < 2) {
    const { value, done } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (;;) {
      const { value, done } = await pieces.next();
      if (done) return;
      yield value;
    }
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return whole();
  return pipeline(whole, createGunzip({ chunkSize: PIECE }), () => {}) as unknown as AsyncIterable<Uint8Array>;
}

async function* counted(input: Readable, onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of input as AsyncIterable<Uint8Array>) {
    onBytes(piece.length);
    yield piece;
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

function readFault(file: string, error: unknown): unknown {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new WindopsError("E_NO_FILE", `No such file: ${file}`, { hint: "Give a path that exists, or - for stdin." });
  }
  if (code === "EISDIR") return new WindopsError("E_NO_FILE", `${file} is a folder`, { hint: "Name the files in it." });
  if (code === "EACCES") return new WindopsError("E_NO_FILE", `${file} can't be read: permission denied`);
  if (code.startsWith("Z_")) {
    return new WindopsError("E_GZIP", `${file} is no whole gzip file: ${message}`, {
      hint: "Copy it again: it is cut off or damaged.",
      cause: error,
    });
  }
  return error;
}
