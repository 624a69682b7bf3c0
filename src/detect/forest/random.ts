/**
 * Chris Doty-Humphrey's sfc32: 32-bit integer operations only, so every platform draws the same numbers.
 * State: three words and a counter.
 */
export class Random {
  readonly state = new Uint32Array(4);

  constructor(seed: number) {
    const s = this.state;
    s[0] = seed >>> 0;
    s[1] = Math.floor(seed / 0x1_0000_0000) >>> 0;
    s[2] = 0x9e3779b9;
    s[3] = 1;
    for (let i = 0; i < 16; i++) this.word();
  }

  word(): number {
    const s = this.state;
    const t = (s[0]! + s[1]! + s[3]!) >>> 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + t;
    return t;
  }

  /** Uniform in the open interval (0, 1), 32 bits fine. */
  uniform(): number {
    return (this.word() + 0.5) * 2 ** -32;
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -log(this.uniform());
  }
}

const bits = new DataView(new ArrayBuffer(8));

/**
 * Natural logarithm of a positive normal number, from IEEE operations that every platform rounds alike.
 * Math.log may differ in the last bit between engines, and one bit is enough to change a sample.
 */
function log(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let series = 1 / 19;
  for (let k = 17; k >= 1; k -= 2) series = series * z + 1 / k;
  return exponent * Math.LN2 + 2 * s * series;
}

/** e to the power of x, for 0 ≤ x ≤ 1, by its series. */
export function exp(x: number): number {
  let sum = 1;
  for (let k = 24; k >= 1; k--) sum = 1 + (sum * x) / k;
  return sum;
}

export const log2 = (x: number): number => log(x) / Math.LN2;
