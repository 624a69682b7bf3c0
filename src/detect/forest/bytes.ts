/** Little-endian bytes, growing as needed. */
export class ByteWriter {
  #view = new DataView(new ArrayBuffer(1 << 16));
  #at = 0;

  #reserve(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#view.byteLength) {
      const larger = new Uint8Array(2 * this.#at);
      larger.set(new Uint8Array(this.#view.buffer, 0, at));
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(n: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, n);
  }
  u32(n: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, n, true);
  }
  f32(n: number): void {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, n, true);
  }
  f64(n: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, n, true);
  }
  /** A whole number below 2^32, seven bits a byte, the lowest first. */
  varint(n: number): void {
    let rest = n;
    for (; rest > 127; rest >>>= 7) this.u8((rest & 127) | 128);
    this.u8(rest);
  }
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#at).slice();
  }
}

/** Reads what ByteWriter wrote; a RangeError if the bytes end early. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u8(): number {
    return this.#view.getUint8(this.#at++);
  }
  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }
  f32(): number {
    this.#at += 4;
    return this.#view.getFloat32(this.#at - 4, true);
  }
  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }
}
