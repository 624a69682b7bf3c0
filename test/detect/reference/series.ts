/** A reference case: the readings both forests are given, and the forests' settings. */
export interface ReferenceCase {
  name: string;
  dimensions: number;
  shingleSize: number;
  numberOfTrees: number;
  sampleSize: number;
  /** Readings are rounded to whole multiples of this; 0 leaves them. */
  step: number;
}

export const READINGS = 2000;
export const SEEDS = 20;

const usual = { dimensions: 1, shingleSize: 1, numberOfTrees: 50, sampleSize: 256, step: 0 };
export const CASES: ReferenceCase[] = [
  { ...usual, name: "one feature" },
  { ...usual, name: "shingle of 8", shingleSize: 8 },
  { ...usual, name: "two features", dimensions: 2 },
  { ...usual, name: "steps of 0.1", step: 0.1 },
  { ...usual, name: "steps of 1, two features", step: 1, dimensions: 2 },
  { ...usual, name: "small samples", sampleSize: 64, numberOfTrees: 100 },
];

/** Wind speed as a first-order process, with its changes as a second feature, a spike every 173 readings and a calm. */
export function series({ dimensions, step }: ReferenceCase): Float32Array {
  const values = new Float32Array(READINGS * dimensions);
  let state = 2026;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let speed = 9;
  let before = 9;
  for (let i = 0; i < READINGS; i++) {
    let normal = -6;
    for (let k = 0; k < 12; k++) normal += uniform();
    speed += -0.05 * (speed - 9) + 0.45 * normal;
    let shown = i % 173 === 172 ? speed + 12 + (i % 7) : speed;
    if (i >= 1500 && i < 1540) shown = 0.5;
    if (step > 0) shown = Math.round(shown / step) * step;
    values[i * dimensions] = shown;
    if (dimensions > 1) values[i * dimensions + 1] = shown - before;
    before = shown;
  }
  return values;
}

export interface Distribution {
  mean: number;
  /** 50, 90, 99 and 99.9 %. */
  quantiles: number[];
}

/** Figures of one forest's scores, its first `sampleSize` readings left out. */
export function distribution(scores: ArrayLike<number>, sampleSize: number): Distribution {
  const settled = Array.from(scores).slice(sampleSize);
  const sorted = settled.toSorted((a, b) => a - b);
  return {
    mean: settled.reduce((sum, score) => sum + score, 0) / settled.length,
    quantiles: [0.5, 0.9, 0.99, 0.999].map((q) => sorted[Math.floor(q * sorted.length)]!),
  };
}

export function average(of: Distribution[]): Distribution {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mean: mean(of.map((d) => d.mean)),
    quantiles: [0, 1, 2, 3].map((i) => mean(of.map((d) => d.quantiles[i]!))),
  };
}
