// The page under load in a real Chromium: 1,000 turbines at 1 Hz for a minute, then one with 100,000 readings behind it.
// Frame times, the main thread's work, memory, from click to plot. About 100 s; needs a build.
// Usage: node scripts/ts.mjs bench/ui.ts [turbines] [seconds]
import { availableParallelism, loadavg } from "node:os";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { wind } from "../src/simulate/wind/wind.ts";
import { SPARK } from "../src/ui/protocol.ts";
import { loadAssets } from "../src/ui/server/assets.ts";
import { packed } from "../src/ui/server/columns.ts";
import { Farm } from "../src/ui/server/farm.ts";
import { startUiServer } from "../src/ui/server/server.ts";

const turbines = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 60);
const HISTORY = 100_000;

const farm = new Farm({ minScore: 2, quietMs: 900_000 });
const started = Date.now();
const readings = wind({ turbines, seed: 1, cadenceSeconds: 1, start: new Date(started) });
const first = readings.next().value!;
const loads: number[] = [];

function fillHistory(): void {
  for (let i = 0; i < HISTORY; i++) {
    const speed = 9 + 3 * Math.sin(i / 3000) + Math.sin(i / 7);
    const score = i % 40_000 === 39_000 ? 3 : 0.4 + 0.3 * Math.abs(Math.sin(i / 11));
    const timestamp = new Date(started - (HISTORY + 1 - i) * 1000).toISOString();
    farm.add({ ...first, speed, score, timestamp });
  }
}

function serve() {
  return loadAssets().then((assets) =>
    startUiServer({
      port: 0,
      assets,
      backend: {
        hello: () => ({
          snapshot: {
            target: { kind: "local", account: "000000000000", region: "us-east-1" },
            minScore: 2,
            turbines: farm.all(),
          },
          alerts: [],
        }),
        get: async (name, query) => {
          if (name !== "history") return undefined;
          const after = query.get("after");
          const history = farm.history(query.get("turbine")!, after === null ? undefined : Number(after));
          return history && packed({ ...history, alerts: [] });
        },
        post: async () => undefined,
      },
    }),
  );
}

/** Every turbine's next reading; now and then an anomaly. */
function tick(server: Awaited<ReturnType<typeof serve>>): void {
  loads.push(loadavg()[0]!);
  for (let i = 0; i < turbines; i++) {
    farm.add({ ...readings.next().value!, score: i % 211 === loads.length ? 2.5 : 0.5 });
  }
  server.send("turbines", farm.changes());
  server.send("beat", { time: Date.now() });
}

// What runs in the page is a text: this program knows no DOM types.
const FRAMES = `(seconds) => new Promise((resolve) => {
  const times = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  requestAnimationFrame(function step(now) {
    times.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(step);
    else resolve(times);
  });
})`;
/** From the click on a card to the frame in which its plot stands. */
const CLICK_TO_PLOT = `(id) => new Promise((resolve) => {
  const begin = performance.now();
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".plot canvas")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
  }).observe(document.querySelector("#view"), { childList: true, subtree: true });
  document.querySelector('.card[href$="/' + id + '"]').click();
})`;

const call = <T>(page: Page, code: string, argument: unknown) =>
  page.evaluate(`(${code})(${JSON.stringify(argument)})`) as Promise<T>;

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await session.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

async function heap(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize / 1e6;
}

interface Watched {
  frames: number[];
  /** CPU milliseconds of the main thread in a second: all, and of it scripts, styles and layout. */
  work: [all: number, script: number, style: number, layout: number];
}

async function watched(page: Page, session: CDPSession, seconds: number, meanwhile?: () => Promise<void>) {
  const before = await metrics(session);
  const [frames] = await Promise.all([call<number[]>(page, FRAMES, seconds), meanwhile?.()]);
  const after = await metrics(session);
  const share = (name: string) => ((after[name]! - before[name]!) * 1000) / seconds;
  const result: Watched = {
    frames: frames.sort((a, b) => a - b),
    work: [share("TaskDuration"), share("ScriptDuration"), share("RecalcStyleDuration"), share("LayoutDuration")],
  };
  return result;
}

/** Zooms into the plot by dragging and out again by a double click, for as long as it is watched. */
async function zoom(page: Page, until: number): Promise<void> {
  const { x, y, width, height } = (await page.locator(".u-over").boundingBox())!;
  while (performance.now() < until) {
    await page.mouse.move(x + width * 0.2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.8, y + height / 2, { steps: 15 });
    await page.mouse.up();
    await page.mouse.dblclick(x + width / 2, y + height / 2);
  }
}

const quantile = (sorted: number[], p: number) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
const spread = (times: number[]) => [0.5, 0.95, 0.99, 1].map((p) => quantile(times, p).toFixed(1)).join(", ");
const row = (name: string, figure: string, target = "") => console.log(`| ${name} | ${figure} | ${target} |`);

fillHistory();
const server = await serve();
// Every sparkline is full before memory is looked at.
for (let i = 0; i < SPARK; i++) tick(server);
const timer = setInterval(() => tick(server), 1000);
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
try {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  page.setDefaultTimeout(60_000);
  const session = await page.context().newCDPSession(page);
  // CPU time: what else the machine does isn't in it.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(server.url);
  await page
    .locator(".card")
    .nth(turbines - 1)
    .waitFor({ state: "attached" });
  // What is filled once is full before memory is looked at.
  await call(page, FRAMES, 20);
  const before = await heap(session);
  const busy = await watched(page, session, seconds);
  const after = await heap(session);
  const plotted = await call<number>(page, CLICK_TO_PLOT, encodeURIComponent(first.turbineId));
  const still = await watched(page, session, 10);
  const zoomed = await watched(page, session, 10, () => zoom(page, performance.now() + 9000));
  const held = await heap(session);

  const load = loads.reduce((a, b) => a + b, 0) / loads.length;
  console.log(`${turbines} turbines at 1 Hz, ${seconds} s; ${availableParallelism()} cores, load ${load.toFixed(1)}\n`);
  console.log("| | measured | target |\n|---|--:|--:|");
  row("farm: frame time p50, p95, p99, worst, ms", spread(busy.frames), "p50 ≤ 17, p95 < 50");
  row(
    "farm: main thread, CPU ms a second: all, scripts, styles, layout",
    busy.work.map(Math.round).join(", "),
    "all < 250",
  );
  row("farm: heap before and after, MB", `${before.toFixed(1)}, ${after.toFixed(1)}`, "no growth");
  row("100,000 points: from click to plot, ms", plotted.toFixed(0), "≤ 1,000");
  row("100,000 points, live: frame time p50, p95, p99, worst, ms", spread(still.frames), "p50 ≤ 17, p95 < 50");
  row("100,000 points, zooming: frame time p50, p95, p99, worst, ms", spread(zoomed.frames), "p50 ≤ 17, p95 < 50");
  row("100,000 points: heap, MB", held.toFixed(1));
} finally {
  clearInterval(timer);
  await browser.close();
  await server.close();
}
