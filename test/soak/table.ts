import { isSound, neverCame, type SoakReport } from "./soak.ts";

/** The report as a Markdown table, and what is wrong, if something is. */
export function soakTable(report: SoakReport): string {
  const { verdict, faults, oddities, disk } = report;
  const rows: [string, number | string][] = [
    ...Object.entries(faults).map(([kind, count]): [string, number] => [
      `${kind}${kind === "full disk" ? ` (${disk})` : ""}`,
      count,
    ]),
    ["invocations cut short by a kill", report.killedInvocations],
    ["calls throttled, failed or dropped", report.failedCalls],
    ["readings sent twice / late / out of order", `${oddities.duplicated} / ${oddities.late} / ${oddities.outOfOrder}`],
    ["records that aren't readings", oddities.malformed],
    ["sent (each once)", verdict.sent],
    ["acknowledged", verdict.acknowledged],
    ["stored as rows", verdict.stored],
    ["whole in quarantine", verdict.quarantined],
    ["**lost**", verdict.lost.length],
    ["**invented**", verdict.invented.length],
    ["turbines out of order", verdict.disordered.length],
    ["anomalies", verdict.anomalies],
    ["notifications", verdict.notifications],
    ["**missing notifications**", verdict.missing.length],
    ["**duplicate notifications**", verdict.duplicates.length],
    ["copies with the same deduplication id", verdict.copies],
    ["deaths of the stack by itself", report.ownDeaths.length],
  ];
  const lines = ["| what | count |", "|---|--:|", ...rows.map(([what, count]) => `| ${what} | ${format(count)} |`)];
  return isSound(report) ? lines.join("\n") : [...lines, "", ...wrong(report)].join("\n");
}

const format = (count: number | string) => (typeof count === "number" ? count.toLocaleString("en-US") : count);

function wrong({ verdict, faults, ownDeaths, drained, anomaliesWanted, stateDir }: SoakReport): string[] {
  const { lost, invented, disordered, missing, duplicates } = verdict;
  const lists = { lost, invented, disordered, missing, duplicates, ownDeaths };
  return [
    ...neverCame(faults).map((kind) => `Never came about: ${kind}.`),
    ...(drained ? [] : ["The pipeline did not drain."]),
    ...(verdict.anomalies < anomaliesWanted ? [`Fewer than ${anomaliesWanted} anomalies: they prove nothing.`] : []),
    ...Object.entries(lists).flatMap(([name, list]) => list.slice(0, 5).map((what) => `${name}: ${what}`)),
    `What it left is in ${stateDir}.`,
  ];
}
