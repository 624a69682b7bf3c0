// What `windops score` costs apart from the forests: a SCADA export of 200 turbines read, split, its columns understood, handed
// to threads that answer at once, and written with its scores. Run: npm run bench:detect -- speed score
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { scoreFile } from "../../src/offline/score/file.ts";
import { figure, median } from "../report.ts";

const TURBINES = 200;
const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "windops-bench-"));
try {
  const thread = join(folder, "idle.mjs");
  const options = { bundle: true, platform: "node", format: "esm" } as const;
  await build({ entryPoints: ["bench/detect-speed/idle-worker.ts"], outfile: thread, ...options });
  const file = join(folder, "scada.csv");
  await writeScada(file, 400_000);
  const megabytes = statSync(file).size / 1e6;
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const out = createWriteStream("/dev/null");
    const used = process.cpuUsage();
    await scoreFile(
      {
        file,
        columns: { values: ["WindSpeedMean"], key: "TurbineName", time: "dtTimeStamp" },
        settings: {},
        json: false,
        signal: new AbortController().signal,
        onProgress: () => {},
        thread: pathToFileURL(thread),
      },
      async (lines) => out.write(`${lines}\n`),
    );
    const { user, system } = process.cpuUsage(used);
    // The first one compiles.
    if (round > 0) rates.push((1e6 * megabytes) / (user + system));
    out.end();
    await finished(out);
  }
  const rate = median(rates);
  const best = Math.max(...rates);
  console.log(
    `${megabytes.toFixed(0)} MB a round: median ${rate.toFixed(0)}, best ${best.toFixed(0)} MB of CSV a second of CPU time`,
  );
  figure({
    part: "score",
    metric: `a CSV's rows read, split and written with their scores, forests apart (best of ${rounds}; median ${rate.toFixed(0)})`,
    value: best,
    unit: "MB/s of CPU time",
    target: { atLeast: 50 },
    limit: "splitting into strings and writing them again",
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Ten columns as a wind farm exports them, ten minutes apart. */
async function writeScada(file: string, rows: number): Promise<void> {
  const out = createWriteStream(file);
  out.write(
    "dtTimeStamp,TurbineName,ActivePowerMean,ActivePowerSD,WindSpeedMean,WindSpeedSD,YawAngleMean,PitchAngleMean,GenRpmMean,AmbientTemp\n",
  );
  let lines: string[] = [];
  for (let i = 0; i < rows; i++) {
    const time = new Date(1.6e12 + 600_000 * Math.floor(i / TURBINES)).toISOString();
    const speed = 9 + 4 * Math.sin(i / 977) + ((i * 7919) % 1009) / 500;
    lines.push(
      `${time},T${String(i % TURBINES).padStart(3, "0")},${(speed ** 3).toFixed(6)},${(speed * 11.7).toFixed(6)},${speed.toFixed(7)},` +
        `${(speed / 9).toFixed(7)},${(i % 360).toFixed(4)},${((i % 90) / 7).toFixed(7)},${(900 + (i % 700)).toFixed(5)},${(speed / 2).toFixed(6)}`,
    );
    if (lines.length === 10_000) {
      if (!out.write(`${lines.join("\n")}\n`)) await once(out, "drain");
      lines = [];
    }
  }
  if (lines.length > 0) out.write(`${lines.join("\n")}\n`);
  out.end();
  await finished(out);
}
