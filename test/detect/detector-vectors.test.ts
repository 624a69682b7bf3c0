import { expect, it } from "vitest";
import { Detector, type DetectorOptions, type DetectorReading } from "../../src/detect/detector.ts";

type Readings = (n: number, noise: () => number) => number[];

/** Wind of 9 m/s, half of it where the gust has passed; what is added makes the case. */
const steady: Readings = (_n, noise) => [9 + 1.5 * noise()];

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

/** A case a block: its settings, then a line a reading: time, features, score, raw score. */
function vectors(): string {
  const lines: string[] = [];
  for (const [index, { name, readings, options }] of CASES.entries()) {
    const detector = new Detector({ numberOfTrees: 10, sampleSize: 64, ...options });
    const { features, numberOfTrees, sampleSize, timeDecay, shingleSize, outputAfter, seed } = detector.options;
    lines.push(
      `# ${[features.join(","), numberOfTrees, sampleSize, timeDecay, shingleSize, outputAfter, seed].join(" ")} ${name}`,
    );
    const noise = noises(index + 1);
    for (let n = 0, time = 1.7e12; n < 500; n++) {
      // A gap now and then, a time twice, a reading twice.
      if (n % 151 !== 150) time += (name.startsWith("ten") ? 600_000 : 1000) * (n % 83 === 82 ? 5 : 1);
      const values = readings(n, noise);
      const reading = { timestampMs: time, ...Object.fromEntries(features.map((feature, i) => [feature, values[i]!])) };
      for (let again = n % 120 === 119 ? 2 : 1; again > 0; again--) {
        const { score, rcfScore } = detector.next(reading as DetectorReading);
        lines.push([time, ...values, score, rcfScore].join(" "));
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

// The detector in flink/ reads the same file: both implementations give these scores.
it("gives the scores that both implementations are held to", async () => {
  await expect(vectors()).toMatchFileSnapshot("../vectors/detector.txt");
});
