// The page under load in a real Chromium: turbines at 1 Hz for some seconds; frame time, memory, and what a history of
// 100,000 points costs. Usage: node scripts/ts.mjs bench/ui.ts [turbines] [seconds] [screenshot folder]
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { wind } from "../src/simulate/wind.ts";
import { loadAssets } from "../src/ui/assets.ts";
import { Farm } from "../src/ui/farm.ts";
import { startUiServer } from "../src/ui/server.ts";

const turbines = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 60);
const shots = process.argv[4];

const farm = new Farm({ minScore: 2, quietMs: 900_000 });
const started = Date.now();
const readings = wind({ turbines, seed: 1, cadenceSeconds: 1, start: new Date(started) });
const first = readings.next().value!;
// A turbine with a long history behind it.
for (let i = 0; i < 100_000; i++) {
  const speed = 9 + 3 * Math.sin(i / 3000) + Math.sin(i / 7);
  farm.add({
    ...first,
    speed,
    score: i % 40_000 === 39_000 ? 3 : 0.4 + 0.3 * Math.abs(Math.sin(i / 11)),
    timestamp: new Date(started - (100_001 - i) * 1000).toISOString(),
  });
}
const server = await startUiServer({
  port: 0,
  assets: await loadAssets(),
  backend: {
    hello: () => ({
      snapshot: {
        target: { kind: "local", account: "000000000000", region: "us-east-1" },
        minScore: 2,
        turbines: farm.all(),
      },
      alerts: [
        {
          turbineId: first.turbineId,
          location: first.location,
          speed: 29.4,
          score: 3.1,
          time: started,
          state: "sent",
          latency: 180,
          subject: "Abnormal Wind Turbine Speed Detected",
          text: "…",
        },
      ],
    }),
    get: async (name, query) => {
      if (name === "history") {
        const after = query.get("after");
        return { ...farm.history(query.get("turbine")!, after === null ? undefined : Number(after))!, alerts: [] };
      }
      if (name === "thresholds") return farm.effects([1, 2, 3]);
      return undefined;
    },
    post: async () => undefined,
  },
});
const timer = setInterval(() => {
  for (let i = 0; i < turbines; i++) {
    const r = readings.next().value!;
    farm.add({ ...r, score: Math.random() < 0.0005 ? 2.5 : 0.5 });
  }
  server.send("turbines", farm.changes());
  server.send("beat", { time: Date.now() });
}, 1000);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
page.setDefaultTimeout(180_000);
await page.goto(server.url);
await page.waitForSelector(".card");
const heap = async () => {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize / 1e6;
};
/** Milliseconds between the frames of so many seconds, sorted. In the page's own words: this program knows no DOM types. */
async function frameTimes(seconds: number): Promise<number[]> {
  const times = (await page.evaluate(`new Promise((resolve) => {
  const times = [];
  let last = performance.now();
  const end = last + ${seconds * 1000};
  const step = (now) => {
    times.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(step);
    else resolve(times);
  };
  requestAnimationFrame(step);
})`)) as number[];
  return times.sort((a, b) => a - b);
}
const quantiles = (times: number[]) =>
  [0.5, 0.95, 0.99, 1]
    .map((p) => times[Math.min(times.length - 1, Math.floor(p * times.length))]!.toFixed(1))
    .join(", ");
const before = await heap();
const farmFrames = await frameTimes(seconds);
const after = await heap();
const t0 = Date.now();
await page.goto(`http://127.0.0.1:${server.port}/turbines/${encodeURIComponent(first.turbineId)}`);
await page.waitForSelector(".u-over");
const plotted = Date.now() - t0;
const plotFrames = await frameTimes(Math.min(seconds, 20));
if (shots) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/turbine.png` });
  for (const [name, scheme, width, height] of [
    ["light", "light", 1400, 900],
    ["dark", "dark", 1400, 900],
    ["phone", "light", 390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`http://127.0.0.1:${server.port}/`);
    await page.waitForSelector(".card");
    await page.screenshot({ path: `${shots}/${name}.png` });
  }
}
clearInterval(timer);
await browser.close();
await server.close();
console.log("| page | figure |\n|---|--:|");
console.log(`| turbines at 1 Hz, seconds | ${turbines}, ${seconds} |`);
console.log(`| farm: frame time p50, p95, p99, worst, ms | ${quantiles(farmFrames)} |`);
console.log(`| page's heap before and after, MB | ${before.toFixed(1)}, ${after.toFixed(1)} |`);
console.log(`| history of 100,000 points, from click to plot, ms | ${plotted} |`);
console.log(
  `| the same with new readings each second: frame time p50, p95, p99, worst, ms | ${quantiles(plotFrames)} |`,
);
