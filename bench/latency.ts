// From a reading's acknowledgement to the e-mail in the inbox, on the whole pipeline of the embedded stack with engine `embedded`.
// `node scripts/ts.mjs bench/latency.ts [ALERTS]`
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { edge } from "../src/io/edge.ts";
import { produce, type Reading } from "../src/simulate/producer.ts";
import { wind } from "../src/simulate/wind.ts";
import { kinesisOf, pause } from "./client.ts";
import { figure, median } from "./report.ts";

const alerts = Number(process.argv[2] ?? 40);
const WARM_UP = 100;
const part = "end to end";
const folder = mkdtempSync(join(tmpdir(), "bench-"));
const env = { PATH: process.env.PATH, HOME: folder, WINDOPS_STATE_DIR: join(folder, "state"), NODE_NO_WARNINGS: "1" };

function windops(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/windops.js", ...args], {
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`windops ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Milliseconds from acknowledgement to mail of one spike each in `alerts` turbines, among `rate` readings a second. */
async function delays(endpoint: string, name: string, rate: number): Promise<number[]> {
  const kinesis = kinesisOf(endpoint);
  const start = new Date(Date.now() - WARM_UP * 1000);
  const turbines = alerts;
  const acknowledged = new Map<string, number>();
  const mailed = new Map<string, number>();
  // The fast part teaches the forests; then one turbine after the other has its spike.
  const readings = function* (from: number, ticks: number, spikes: boolean): Generator<Reading> {
    let i = 0;
    for (const { label: _, ...calm } of wind({
      turbines,
      seed: 3,
      cadenceSeconds: 1,
      start,
      meanSpeed: 8,
      frontsPerDay: 0,
    })) {
      const [turbine, tick] = [i % turbines, Math.floor(i / turbines)];
      i++;
      if (tick < from) continue;
      if (tick >= from + ticks) return;
      const spike = spikes && tick === from + Math.floor((turbine * ticks) / turbines);
      yield { ...calm, turbineId: `${name}-${turbine}`, ...(spike && { speed: 45, spike: 1 }) };
    }
  };
  const outside = edge(new AbortController().signal);
  const output = { ...outside, kinesis, stream: "WindDataStream" };
  await produce(readings(0, WARM_UP, false), { ...output, rate: 900 });
  await pause(3000);
  let going = true;
  const watching = (async () => {
    let after = "";
    while (going) {
      const answer = await fetch(`${endpoint}/_windops/inbox?kind=notification&after=${after}`);
      const { mails, last } = (await answer.json()) as { mails: { text: string }[]; last: string };
      after = last;
      for (const { text } of mails) {
        const turbine = new RegExp(`${name}-\\d+`).exec(text)?.[0];
        if (turbine && !mailed.has(turbine)) mailed.set(turbine, performance.now());
      }
      await pause(3);
    }
  })();
  await produce(readings(WARM_UP, Math.max(20, Math.ceil((rate * 10) / turbines)), true), {
    ...output,
    rate,
    onAcknowledged: (some) => {
      for (const { turbineId, spike } of some) if (spike) acknowledged.set(turbineId, performance.now());
    },
  });
  for (let i = 0; i < 100 && mailed.size < alerts; i++) await pause(100);
  going = false;
  await watching;
  kinesis.destroy();
  return [...acknowledged].filter(([id]) => mailed.has(id)).map(([id, at]) => mailed.get(id)! - at);
}

try {
  windops("local", "up", "--port", "0");
  windops("setup", "subscribe", "--local", "--dry-run");
  windops("setup", "--turbines", "1000");
  windops("subscribe", "bench@example.com");
  windops("local", "inbox", "--confirm");
  const { endpoint } = JSON.parse(windops("local", "status", "--json"));
  for (const rate of [100, 1000]) {
    const found = await delays(endpoint, `at${rate}`, rate);
    const name = `alert's latency at ${rate} readings/s`;
    figure({ part, metric: `${name}, alerts seen`, value: (100 * found.length) / alerts, unit: "%" });
    figure({ part, metric: `${name}, median`, value: median(found), unit: "ms" });
    figure({
      part,
      metric: `${name}, p99`,
      value: median(found, 0.99),
      unit: "ms",
      target: { atMost: 1000 },
    });
  }
} finally {
  windops("local", "down");
  rmSync(folder, { recursive: true, force: true });
}
