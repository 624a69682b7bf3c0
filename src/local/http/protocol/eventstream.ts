import { crc32 } from "node:zlib";

/** One message of `application/vnd.amazon.eventstream`: prelude, string headers, payload, each part with its CRC32. */
export function eventMessage(headers: Record<string, string>, payload: Uint8Array | string): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload) : payload;
  const head: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const text = Buffer.from(value);
    const key = Buffer.from(name);
    const frame = Buffer.alloc(1 + key.length + 3);
    frame.writeUInt8(key.length, 0);
    key.copy(frame, 1);
    frame.writeUInt8(7, 1 + key.length); // type: string
    frame.writeUInt16BE(text.length, 2 + key.length);
    head.push(frame, text);
  }
  const headerBytes = Buffer.concat(head);
  const message = Buffer.alloc(12 + headerBytes.length + body.length + 4);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headerBytes.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headerBytes.copy(message, 12);
  message.set(body, 12 + headerBytes.length);
  message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4);
  return message;
}
