// Our side of bench/detect-speed.ts, with the protocol of bench/java's ReferenceSpeed.
// Arguments: file dimensions shingleSize trees forests calibrated(0|1)
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Calibration } from "../../src/detect/calibration.ts";
import { Forest } from "../../src/detect/forest/forest.ts";

const [file, ...numbers] = process.argv.slice(2);
const [dimensions, shingleSize, numberOfTrees, count, calibrated] = numbers.map(Number) as [
  number,
  number,
  number,
  number,
  number,
];
const bytes = readFileSync(file!);
const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const points = Array.from({ length: values.length / dimensions }, (_, i) =>
  values.subarray(i * dimensions, (i + 1) * dimensions),
);
const members = Array.from({ length: count }, (_, f) => ({
  forest: new Forest({
    dimensions,
    shingleSize,
    numberOfTrees,
    sampleSize: 256,
    timeDecay: 1 / 2560,
    outputAfter: 64,
    seed: f + 1,
  }),
  calibration: new Calibration(),
}));
let at = 0;
let sum = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "bytes") {
    console.log(members.reduce((held, { forest }) => held + forest.bytes, 0));
    continue;
  }
  const start = process.cpuUsage();
  for (const end = at + Number(line); at < end; at++) {
    const { forest, calibration } = members[at % count]!;
    const raw = forest.process(points[Math.floor(at / count) % points.length]!);
    if (calibrated) {
      sum += calibration.next(raw, Math.log2(Math.min(256, forest.updates) + 1), at + 1, 1);
    } else sum += raw;
  }
  const { user, system } = process.cpuUsage(start);
  console.log((user + system) * 1000);
}
if (Number.isNaN(sum)) throw new Error("no score");
