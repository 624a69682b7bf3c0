// Does a reading cost the same after ten million as after the first? CPU time of each million, one forest of 50 trees, one
// feature or a shingle. Run: npm run bench:detect-flat [-- MILLIONS [SHINGLE]]
import { Forest } from "../../src/detect/forest/forest.ts";
import { figure, median } from "../report.ts";

const millions = Number(process.argv[2] ?? 10);
for (const shingleSize of process.argv[3] ? [Number(process.argv[3])] : [1, 4]) {
  const forest = new Forest({
    dimensions: 1,
    shingleSize,
    numberOfTrees: 50,
    sampleSize: 256,
    timeDecay: 1 / 2560,
    outputAfter: 64,
    seed: 1,
  });
  let state = 7;
  let speed = 9;
  let sum = 0;
  const costs: number[] = [];
  const bytes = forest.bytes;
  for (let m = 0; m < millions; m++) {
    const start = process.cpuUsage();
    for (let i = 0; i < 1e6; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      speed += -0.05 * (speed - 9) + (state / 2 ** 31 - 1);
      sum += forest.process([speed]);
    }
    const { user, system } = process.cpuUsage(start);
    costs.push((user + system) / 1000);
  }
  // Three of them at either end, since other work on the machine counts too.
  const ends = [costs.slice(0, 3), costs.slice(-3)].map((some) => median(some));
  console.log(
    `shingle of ${shingleSize}: ns a reading in each million: ${costs.map((cost) => cost.toFixed(0)).join(" ")}`,
  );
  console.log(`  bytes ${bytes} at first, ${forest.bytes} at last; mean score ${(sum / (millions * 1e6)).toFixed(3)}`);
  figure({
    part: "flat",
    metric: `${millions} million readings, shingle of ${shingleSize}: the last three million's cost (${ends[1]!.toFixed(0)} ns a reading) over the first three's`,
    value: ends[1]! / ends[0]!,
    unit: "×",
    target: { atMost: 1.1 },
    limit: "other work on the machine",
  });
}
