// Does a reading cost the same after ten million as after the first? CPU time of each million, one forest of 50 trees, one
// feature and then a shingle of 4. Run: npm run bench:detect-flat [-- MILLIONS]
import { Forest } from "../../src/detect/forest.ts";

const millions = Number(process.argv[2] ?? 10);
for (const shingleSize of [1, 4]) {
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
  const figures = costs.map((cost) => cost.toFixed(0)).join(" ");
  const ratio = costs.at(-1)! / costs[0]!;
  console.log(
    `shingle ${shingleSize}: ns a reading in each million: ${figures}; last / first ${ratio.toFixed(2)}, target ≤ 1.1`,
  );
  console.log(`  bytes ${bytes} at first, ${forest.bytes} at last; mean score ${(sum / (millions * 1e6)).toFixed(3)}`);
}
