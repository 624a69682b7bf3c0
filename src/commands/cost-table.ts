import type { Cost } from "../pipeline/cost/cost.ts";
import type { Sizing } from "../pipeline/settings/sizing.ts";

const round = (n: number) => Number(n.toPrecision(3));
const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** The cost as lines for people. */
export function costLines({
  items,
  total,
  prices,
  load,
  simulator,
  furtherKpu,
  region,
  plan,
}: Cost & { plan: Sizing }): string[] {
  const kinds = { fixed: "while it stands", use: "by use" };
  const cells = [
    ["part", "what", "USD an hour", "USD a month", ""],
    ...items.map(({ part, what, hour, month, kind }) => [part, what, hour.toFixed(4), month.toFixed(2), kinds[kind]]),
    ["Total", kinds.fixed, total.fixed.hour.toFixed(4), total.fixed.month.toFixed(2), ""],
    ["", kinds.use, total.use.hour.toFixed(4), total.use.month.toFixed(2), ""],
    ["", "together", total.all.hour.toFixed(4), total.all.month.toFixed(2), ""],
  ];
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 2 || i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ");
  const farm = `${plural(load.turbines, "turbine")}, ${plural(round(load.readingsPerSecond), "reading")} a second in all`;
  return [
    ...cells.map((row) => line(row).trimEnd()),
    `It needs ${plural(plan.shards, "shard")} a stream, ${plural(plan.kpus, "KPU")}, ${plural(plan.concurrency, "call")} of the storing function at once, ${round(plan.writeUnits)} writes a second.`,
    ...plan.limits
      .filter(({ needed, quota }) => needed > quota)
      .map(({ what, needed, quota, raised, source }) => {
        return `Beyond ${raised ? "the quota" : "what there is"}: ${round(needed)} ${what}, of ${quota} (${source}).`;
      }),
    `For ${farm}, ${round(load.anomaliesPerDay)} anomalies a day, in ${region}; a month has 730 hours.`,
    `List prices of ${prices.region} as of ${prices.date} (${prices.source}), without taxes, free tiers and discounts.`,
    ...(prices.exact
      ? []
      : [`${region}'s own prices aren't known here: ${prices.region}'s stand in for them, and yours will differ.`]),
    `Managed Flink scales itself: each further KPU costs ${furtherKpu.hour.toFixed(4)} an hour more while the load needs it.`,
    `The simulator on EC2 costs ${simulator.hour.toFixed(4)} an hour more, only while it runs.`,
  ];
}
