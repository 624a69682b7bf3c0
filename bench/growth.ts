// How the pipeline on this machine grows: 1 to 10,000 turbines at a reading a second each, through the embedded stack into the table. Writes
// docs/images/growth.svg and the table in docs/scale.md. `node scripts/ts.mjs bench/growth.ts [SECONDS]`
import { readFileSync, writeFileSync } from "node:fs";
import { kinesisOf } from "./client.ts";
import { growthSvg, growthTable, type Step } from "./growth-plot.ts";
import { startPipeline } from "./pipeline.ts";
import { figure } from "./report.ts";
import { simulated } from "./simulated.ts";

const seconds = Number(process.argv[2] ?? 12);
const STEPS = [1, 10, 100, 1000, 10_000];
const [BEGIN, END] = ["<!-- growth: npm run bench growth -->", "<!-- end of growth -->"];
const part = "growth";

async function step(turbines: number): Promise<Step> {
  const { endpoint, rss, cpu, stop } = await startPipeline(
    "embedded",
    ["--no-limits"],
    ["--turbines", String(turbines)],
  );
  const kinesis = kinesisOf(endpoint);
  try {
    const shards = async (): Promise<{ records: number; iteratorAgeMs: number }[]> => {
      const answer = await fetch(`${endpoint}/_windops/event-source-mappings`);
      const mappings = (await answer.json()) as any[];
      return mappings.flatMap(({ Shards }) => Object.values(Shards ?? {}));
    };
    const sum = async () => (await shards()).reduce((all, { records }) => all + records, 0);
    // Starts what has to be started: processes, forests, a function.
    await simulated(kinesis, "WindDataStream", 3, { turbines, rate: turbines, cadence: 1 });
    const [before, busy, began] = [await sum(), cpu(), performance.now()];
    const { rate: sent } = await simulated(kinesis, "WindDataStream", seconds, {
      turbines,
      rate: turbines,
      cadence: 1,
      seed: 2,
    });
    const [stored, used] = [(await sum()) - before, cpu() - busy];
    const took = (performance.now() - began) / 1000;
    const lagMs = Math.max(0, ...(await shards()).map(({ iteratorAgeMs }) => iteratorAgeMs));
    return { turbines, sent, stored: stored / took, lagMs, rss: rss(), cores: used / took };
  } finally {
    kinesis.destroy();
    stop();
  }
}

const steps: Step[] = [];
for (const turbines of STEPS) {
  const one = await step(turbines);
  steps.push(one);
  const name = `${turbines.toLocaleString("en-US")} turbines at 1 Hz`;
  figure({ part, metric: `${name}, readings stored a second`, value: one.stored, unit: "" });
  figure({ part, metric: `${name}, the stack's memory`, value: one.rss, unit: "MiB" });
}
writeFileSync("docs/images/growth.svg", growthSvg(steps));
const scale = readFileSync("docs/scale.md", "utf8");
const [from, to] = [scale.indexOf(BEGIN) + BEGIN.length, scale.indexOf(END)];
writeFileSync("docs/scale.md", `${scale.slice(0, from)}\n${growthTable(steps)}\n${scale.slice(to)}`);
