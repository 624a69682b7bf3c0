import { AwsError } from "../../errors.ts";

/** What the number under tag 1 counts: AWS's older CBOR has whole milliseconds, Smithy RPC v2 has seconds. */
export type CborTime = "milliseconds" | "seconds";

const MAX_DEPTH = 64;

/** CBOR (RFC 8949) as AWS's clients write it; maps become objects, tag 1 a `Date`, byte strings `Buffer`s. */
export function decodeCbor(bytes: Uint8Array, time: CborTime): any {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new CborReader(buffer, time);
  let value: unknown;
  try {
    value = reader.read(0);
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw broken((error as Error).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw broken("not a map");
  return value;
}

const broken = (why: string) => new AwsError("SerializationException", `The request is not CBOR: ${why}`);
const BREAK = Symbol("break");
/** An item, which a break isn't: it only ends what has no length. */
function whole<T>(item: T): T {
  if (item === BREAK) throw broken("a break where an item belongs");
  return item;
}

class CborReader {
  readonly #b: Buffer;
  readonly #time: CborTime;
  #at = 0;

  constructor(buffer: Buffer, time: CborTime) {
    this.#b = buffer;
    this.#time = time;
  }

  read(depth: number): any {
    if (depth > MAX_DEPTH) throw broken("nested too deeply");
    const first = this.#b.readUInt8(this.#at++);
    const major = first >> 5;
    const info = first & 31;
    if (major === 7) return this.#simple(info);
    const indefinite = info === 31 && major >= 2 && major <= 5;
    const n = indefinite ? Infinity : this.#length(info);
    if (major === 0) return n;
    if (major === 1) return -1 - n;
    if (major === 2 || major === 3) return this.#string(major, n, depth);
    if (major === 4) return this.#array(n, depth);
    if (major === 5) return this.#map(n, depth);
    return this.#tagged(n, depth);
  }

  #length(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#b.readUInt8(this.#skip(1));
    if (info === 25) return this.#b.readUInt16BE(this.#skip(2));
    if (info === 26) return this.#b.readUInt32BE(this.#skip(4));
    if (info === 27) return Number(this.#b.readBigUInt64BE(this.#skip(8)));
    throw broken("bad length");
  }

  #skip(n: number): number {
    const at = this.#at;
    this.#at += n;
    return at;
  }

  #simple(info: number): any {
    if (info === 20) return false;
    if (info === 21) return true;
    if (info === 22 || info === 23) return null;
    if (info === 25) return half(this.#b.readUInt16BE(this.#skip(2)));
    if (info === 26) return this.#b.readFloatBE(this.#skip(4));
    if (info === 27) return this.#b.readDoubleBE(this.#skip(8));
    if (info === 31) return BREAK;
    throw broken("unknown simple value");
  }

  #string(major: number, length: number, depth: number): string | Buffer {
    if (length === Infinity) {
      const parts: Buffer[] = [];
      for (let part = this.read(depth + 1); part !== BREAK; part = this.read(depth + 1)) {
        if (typeof part !== "string" && !Buffer.isBuffer(part)) throw broken("bad string chunk");
        parts.push(Buffer.from(part as string));
      }
      const whole = Buffer.concat(parts);
      return major === 2 ? whole : whole.toString("utf8");
    }
    if (this.#at + length > this.#b.length) throw broken("cut short");
    const start = this.#skip(length);
    return major === 2 ? this.#b.subarray(start, this.#at) : this.#b.toString("utf8", start, this.#at);
  }

  #array(length: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) {
      const item = this.read(depth + 1);
      if (item === BREAK && length === Infinity) break;
      items.push(whole(item));
    }
    return items;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const key = this.read(depth + 1);
      if (key === BREAK && length === Infinity) break;
      if (key === "__proto__") throw broken("bad key");
      map[String(whole(key))] = whole(this.read(depth + 1));
    }
    return map;
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.read(depth + 1);
    if (tag !== 1) return value;
    if (typeof value !== "number") throw broken("bad timestamp");
    return new Date(this.#time === "milliseconds" ? value : Math.round(value * 1000));
  }
}

function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024);
}

/** The other way round; `undefined` members are left out. */
export function encodeCbor(value: unknown, time: CborTime): Buffer {
  const writer = new CborWriter(time);
  writer.write(value);
  return writer.finish();
}

class CborWriter {
  readonly #time: CborTime;
  #b = Buffer.allocUnsafe(4096);
  #at = 0;

  constructor(time: CborTime) {
    this.#time = time;
  }

  finish(): Buffer {
    return this.#b.subarray(0, this.#at);
  }

  #room(n: number): void {
    if (this.#at + n <= this.#b.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#b.length * 2, this.#at + n));
    this.#b.copy(grown, 0, 0, this.#at);
    this.#b = grown;
  }

  #head(major: number, n: number): void {
    this.#room(9);
    const m = major << 5;
    if (n < 24) this.#b[this.#at++] = m | n;
    else if (n < 0x100) {
      this.#b[this.#at++] = m | 24;
      this.#b[this.#at++] = n;
    } else if (n < 0x10000) {
      this.#b[this.#at++] = m | 25;
      this.#at = this.#b.writeUInt16BE(n, this.#at);
    } else if (n < 0x100000000) {
      this.#b[this.#at++] = m | 26;
      this.#at = this.#b.writeUInt32BE(n, this.#at);
    } else {
      this.#b[this.#at++] = m | 27;
      this.#at = this.#b.writeBigUInt64BE(BigInt(n), this.#at);
    }
  }

  #byte(b: number): void {
    this.#room(1);
    this.#b[this.#at++] = b;
  }

  #double(n: number): void {
    this.#byte(0xfb);
    this.#room(8);
    this.#at = this.#b.writeDoubleBE(n, this.#at);
  }

  write(value: unknown): void {
    if (value === null || value === undefined) this.#byte(0xf6);
    else if (typeof value === "string") {
      const length = Buffer.byteLength(value);
      this.#head(3, length);
      this.#room(length);
      this.#at += this.#b.write(value, this.#at);
    } else if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) this.#double(value);
      else if (value >= 0) this.#head(0, value);
      else this.#head(1, -1 - value);
    } else if (typeof value === "boolean") this.#byte(value ? 0xf5 : 0xf4);
    else if (value instanceof Uint8Array) {
      this.#head(2, value.length);
      this.#room(value.length);
      this.#b.set(value, this.#at);
      this.#at += value.length;
    } else if (value instanceof Date) {
      this.#byte(0xc1);
      if (this.#time === "milliseconds") this.write(value.getTime());
      else this.#double(value.getTime() / 1000);
    } else if (Array.isArray(value)) {
      this.#head(4, value.length);
      for (const item of value) this.write(item);
    } else if (typeof value === "object") {
      const entries = [...(value instanceof Map ? value : Object.entries(value))].filter(([, v]) => v !== undefined);
      this.#head(5, entries.length);
      for (const [k, v] of entries) {
        this.write(k);
        this.write(v);
      }
    } else throw new TypeError(`no CBOR for ${typeof value}`);
  }
}
