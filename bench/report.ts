/** One figure of a benchmark beside its target. */
export interface Figure {
  part: string;
  metric: string;
  value: number;
  unit: string;
  /** At least, or at most, so much; a figure without a target is told only. */
  target?: { atLeast: number } | { atMost: number };
  /** What limits it: told where the target is missed. */
  limit?: string;
}

const PREFIX = "FIGURE ";

/** A part of the benchmark hands its figures to whoever runs it: lines of its output. */
export function figure(one: Figure): void {
  console.log(PREFIX + JSON.stringify(one));
}

export function figuresIn(output: string): Figure[] {
  // Not only at a line's beginning: Maven leaves escape codes without a line break there.
  return output
    .split("\n")
    .filter((line) => line.includes(PREFIX))
    .map((line) => JSON.parse(line.slice(line.indexOf(PREFIX) + PREFIX.length)));
}

export function met({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

const n = (value: number) =>
  Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : value.toLocaleString("en-US", { maximumSignificantDigits: 3 });

/** A Markdown table; a missed target without a reason is called that. */
export function table(figures: Figure[]): string {
  const rows = figures.map((one) => {
    const { part, metric, value, unit, target, limit } = one;
    const aim = target ? ("atLeast" in target ? `≥ ${n(target.atLeast)}` : `≤ ${n(target.atMost)}`) : "";
    const ok = met(one);
    const verdict = ok === undefined ? "" : ok ? "met" : "**missed**";
    return [part, metric, `${n(value)} ${unit}`.trim(), aim, verdict, ok === false ? (limit ?? "not explained") : ""];
  });
  return [
    ["part", "metric", "value", "target", "", "what limits it"],
    ["---", "---", "--:", "--:", "---", "---"],
    ...rows,
  ]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

export const median = (values: number[], part = 0.5): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;
