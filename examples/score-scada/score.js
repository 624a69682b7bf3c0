import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Detector } from "windops";

const text = { type: "string" };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { time: text, speed: text, turbine: text, threshold: { ...text, default: "2" } },
});
const bytes = readFileSync(positionals[0]);
const [header, ...lines] = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString().trim().split(/\r?\n/);
const columns = header.split(",");
const [time, speed, turbine] = [values.time, values.speed, values.turbine].map((name) => {
  if (!columns.includes(name)) throw new Error(`no column ${name}: the file has ${columns.join(", ")}`);
  return columns.indexOf(name);
});

const rows = lines
  .map((line) => line.split(","))
  .filter((cells) => cells[speed] !== "")
  .map((cells) => ({ timestampMs: Date.parse(cells[time]), speed: Number(cells[speed]), turbine: cells[turbine] }))
  .sort((a, b) => a.timestampMs - b.timestampMs);

// One detector a turbine: each is judged by its own past.
const detectors = new Map();
for (const { timestampMs, speed, turbine } of rows) {
  if (!detectors.has(turbine)) detectors.set(turbine, new Detector());
  const { score } = detectors.get(turbine).next({ timestampMs, speed });
  if (score >= Number(values.threshold)) {
    console.log(JSON.stringify({ turbine, time: new Date(timestampMs).toISOString(), speed, score }));
  }
}
