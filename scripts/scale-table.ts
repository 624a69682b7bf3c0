import { settingsCost } from "../src/pipeline/cost/plan-cost.ts";
import { settingsSchema } from "../src/pipeline/settings/config.ts";
import { fill, type Limit, sizing } from "../src/pipeline/settings/sizing.ts";

const STEPS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const n = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });

/** The plan for each step of ten, at one reading a second and turbine, as `windops cost --turbines` computes it. */
export function scaleTable(): string {
  const rows = STEPS.map((turbines) => {
    const size = sizing({ turbines, readingsPerSecond: turbines });
    const { shards, parallelism, kpus, concurrency, writeUnits, limits } = size;
    const settings = { ...settingsSchema.parse({}), region: "us-east-1", shards, parallelism };
    const { total, items } = settingsCost(settings, turbines);
    const database = items.filter(({ part }) => part === "DynamoDB").reduce((sum, { month }) => sum + month, 0);
    const month = `${n(total.all.month)} (${n((100 * database) / total.all.month)} %)`;
    const streams = [shards, "on-demand" as const].map((capacity) =>
      n(streamsMonth({ ...settings, shards: capacity }, turbines)),
    );
    return [n(turbines), n(shards), ...streams, n(kpus), n(concurrency), n(writeUnits), month, first(limits)];
  });
  const head = [
    "turbines",
    "shards a stream",
    "both, USD a month",
    "on demand",
    "KPUs",
    "function calls at once",
    "writes/s",
    "USD a month (of it DynamoDB)",
    "the first to break",
  ];
  const align = head.map((_, i) => (i === head.length - 1 ? "---" : "--:"));
  return [head, align, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function streamsMonth(settings: Parameters<typeof settingsCost>[0], turbines: number): number {
  const { items } = settingsCost(settings, turbines);
  return items.filter(({ part }) => part === "Kinesis").reduce((sum, { month }) => sum + month, 0);
}

function first(limits: Limit[]): string {
  const broken = limits.filter((limit) => fill(limit) > 1);
  const told = broken.length > 0 ? broken : limits.slice(0, 1);
  return told
    .map((limit) => `${limit.what}: ${n(limit.needed)} of ${n(limit.quota)}${fill(limit) > 1 ? "" : " (not yet)"}`)
    .join("; ");
}

const BEGIN = "<!-- plan: npm run docs -->";
const END = "<!-- end of plan -->";

/** docs/scale.md with its table made anew. */
export function withScaleTable(text: string): string {
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  return `${text.slice(0, from)}\n${scaleTable()}\n${text.slice(to)}`;
}
