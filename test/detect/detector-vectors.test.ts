import { expect, it } from "vitest";
import { Detector, type DetectorOptions, type DetectorReading } from "../../src/detect/detector.ts";

type Readings = (n: number, noise: () => number) => number[];

/** Wind of 9 m/s, half of it where the gust has passed; what is added makes the case. */
const steady: Readings = (_n, noise) => [9 + 1.5 * noise()];

const SEEDS = 20;
const QUANTILES = [0.5, 0.9, 0.99, 0.999];

const CASES: { name: string; readings: Readings; options?: Partial<DetectorOptions> }[] = [
  { name: "steady wind", readings: steady },
  { name: "gust", readings: (n, noise) => [9 + noise() + (n % 97 >= 90 && n > 200 ? 14 : 0)] },
  { name: "front", readings: (n, noise) => [6 + noise() + 9 / (1 + Math.exp((300 - n) / 4))] },
  { name: "stuck sensor", readings: (n, noise) => [n >= 300 && n < 340 ? 8.25 : 9 + 1.5 * noise()] },
  { name: "shingle of 8", readings: steady, options: { shingleSize: 8, outputAfter: 40 } },
  {
    name: "three features, some missing",
    readings: (n, noise) => [
      9 + noise(),
      n % 7 === 3 ? Number.NaN : 1500 + 90 * noise(),
      n % 50 < 2 ? Number.NaN : 0.4 * noise(),
    ],
    options: { features: ["speed", "power", "pitch"], seed: 7 },
  },
  {
    name: "ten minutes apart",
    readings: (n, noise) => [9 + noise() + (n === 400 ? 20 : 0)],
    options: { timeDecay: 0.001 },
  },
];

/** Autocorrelated, about one wide; whole-number arithmetic, so that any machine gives the same. */
function noises(seed: number): () => number {
  let state = seed;
  let level = 0;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    level = 0.8 * level + state / 2_147_483_647 - 0.5;
    return Math.round(level * 200) / 100;
  };
}

const detectorOf = (options: Partial<DetectorOptions> = {}) =>
  new Detector({ numberOfTrees: 10, sampleSize: 64, ...options });

/** A case's readings: time and values. */
function readingsOf(index: number): { time: number; values: number[] }[] {
  const { name, readings } = CASES[index]!;
  const found: { time: number; values: number[] }[] = [];
  const noise = noises(index + 1);
  for (let n = 0, time = 1.7e12; n < 500; n++) {
    // A gap now and then, a time twice, a reading twice.
    if (n % 151 !== 150) time += (name.startsWith("ten") ? 600_000 : 1000) * (n % 83 === 82 ? 5 : 1);
    const values = readings(n, noise);
    for (let again = n % 120 === 119 ? 2 : 1; again > 0; again--) found.push({ time, values });
  }
  return found;
}

function scoresOf(detector: Detector, readings: ReturnType<typeof readingsOf>) {
  const { features } = detector.options;
  return readings.map(({ time, values }) => {
    const reading = { timestampMs: time, ...Object.fromEntries(features.map((feature, i) => [feature, values[i]!])) };
    return detector.next(reading as DetectorReading);
  });
}

/** A case a block: its settings, then a line a reading: time, features, score, raw score. */
function vectors(): string {
  const lines: string[] = [];
  for (const [index, { name, options }] of CASES.entries()) {
    const detector = detectorOf(options);
    const { features, numberOfTrees, sampleSize, timeDecay, shingleSize, outputAfter, seed } = detector.options;
    lines.push(
      `# ${[features.join(","), numberOfTrees, sampleSize, timeDecay, shingleSize, outputAfter, seed].join(" ")} ${name}`,
    );
    const readings = readingsOf(index);
    for (const [i, { score, rcfScore }] of scoresOf(detector, readings).entries()) {
      lines.push([readings[i]!.time, ...readings[i]!.values, score, rcfScore].join(" "));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Mean and quantiles, the nearest rank of each. */
function distribution(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return [mean, ...QUANTILES.map((q) => sorted[Math.ceil(q * sorted.length) - 1]!)];
}

/**
 * The same readings under other seeds: four lines a case, its name, the distributions of the scores and of the raw scores, and the
 * readings that are anomalies under most seeds.
 */
function distributions(): string {
  const lines: string[] = [];
  for (const [index, { name, options }] of CASES.entries()) {
    const readings = readingsOf(index);
    const scores: number[] = [];
    const raw: number[] = [];
    const anomalies = readings.map(() => 0);
    for (let seed = 1; seed <= SEEDS; seed++) {
      for (const [i, { score, rcfScore }] of scoresOf(detectorOf({ ...options, seed }), readings).entries()) {
        scores.push(score);
        raw.push(rcfScore);
        anomalies[i]! += score >= 2 ? 1 : 0;
      }
    }
    const most = anomalies.flatMap((seeds, i) => (seeds > SEEDS / 2 ? [i] : []));
    lines.push(`# ${name}`, distribution(scores).join(" "), distribution(raw).join(" "), most.join(" "));
  }
  return `${lines.join("\n")}\n`;
}

// The detector in flink/ reads the same files: both implementations give these scores.
it("gives the scores that both implementations are held to", async () => {
  await expect(vectors()).toMatchFileSnapshot("../vectors/detector.txt");
});

it("gives the distributions over 20 seeds that both implementations are held to", async () => {
  await expect(distributions()).toMatchFileSnapshot("../vectors/distributions.txt");
});
