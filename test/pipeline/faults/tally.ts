import { isRead, type WireCall } from "./line.ts";

/** WINDOPS_FAULTS=alone: one fault a run, and a kill after every read too. It takes minutes. */
const ALONE = process.env.WINDOPS_FAULTS === "alone";
/** Else so many runs share the calls of a kind of fault, and a kill comes after every so-manieth read. */
const GROUPS = 5;
const EVERY = 32;
/** Longest that a test of these may take, in ms. */
export const LONGEST = ALONE ? 7_200_000 : 600_000;
/** Most of a run is waiting for states to change. */
const AT_ONCE = 6;

/** Calls to die after: all that change something, and some reads (after which the account is as the change before left it). */
export function sample(calls: WireCall[]): WireCall[] {
  const reads = calls.filter(({ operation }) => isRead(operation));
  const changing = calls.filter(({ operation }) => !isRead(operation));
  return [...changing, ...reads.filter((_, i) => ALONE || i % EVERY === 0)];
}

/** `calls` in groups, each with its share of the changes and of the reads, so that no call is hit together with its own retry. */
export function spread(calls: WireCall[]): WireCall[][] {
  const groups = ALONE ? calls.length : GROUPS;
  const ordered = [...calls.filter(({ operation }) => !isRead(operation)), ...calls.filter((c) => isRead(c.operation))];
  return Array.from({ length: groups }, (_, group) => ordered.filter((_, i) => i % groups === group)).filter(
    (group) => group.length > 0,
  );
}

/** What became of the calls that were hit, for the table that the tests print. */
export class Tally {
  readonly #rows: Record<string, string | number>[] = [];

  /** `survived`: runs that got to the end by themselves; all others did with the second run, or the test has failed. */
  add(fault: string, { calls, runs, survived }: { calls: number; runs: number; survived: number }): void {
    this.#rows.push({
      fault,
      "calls hit": calls,
      runs,
      "survived at once": survived,
      "by the second run": runs - survived,
    });
  }

  print(title: string): void {
    const columns = Object.keys(this.#rows[0] ?? {});
    const widths = columns.map((c) => Math.max(c.length, ...this.#rows.map((row) => String(row[c]).length)));
    const line = (cells: (string | number | undefined)[]) =>
      cells
        .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!)))
        .join("  ");
    console.log([title, line(columns), ...this.#rows.map((row) => line(columns.map((c) => row[c])))].join("\n"));
  }
}

/** Runs `work` for each item, some at a time, to the end; then fails with all that failed. */
export async function eachAtOnce<T>(
  items: T[],
  text: (item: T) => string,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  const failures: string[] = [];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) {
      await work(item).catch((error) => failures.push(`${text(item!)}: ${(error as Error).message}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw new Error(failures.join("\n"));
}
