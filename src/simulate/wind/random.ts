/** A seeded source of random numbers, the same on every platform: sfc32 (C. Doty-Humphrey, PractRand). */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Exponential with mean 1. */
  exponential(): number;
}

/** `stream` separates independent sequences of one seed, so that a turbine more leaves the others' wind as it was. */
export function random(seed: number, stream = 0): Random {
  let a = seed | 0;
  let b = Math.floor(seed / 0x1_0000_0000) ^ 0x9e3779b9;
  let c = Math.imul(stream + 1, 0x85ebca6b);
  let counter = 1;
  let spare = Number.NaN;

  function uniform(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** Marsaglia's polar method; every second call returns the pair's other half. */
  function normal(): number {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * Math.log(square)) / square);
        spare = y * factor;
        return x * factor;
      }
    }
  }

  for (let i = 0; i < 16; i++) uniform();
  return { uniform, normal, exponential: () => -Math.log(1 - uniform()) };
}
