import { WindopsError } from "../../io/errors/errors.ts";
import { timeOf } from "../../io/rows/readings.ts";
import { column, readRows } from "../../io/rows/rows.ts";
import type { LabelWindow } from "./backtest.ts";

const STARTS = ["start", "from", "begin", "time", "timestamp", "dtTimeStamp"];
const ENDS = ["end", "to", "until"];
const KEYS = ["turbineId", "key", "series", "turbine", "TurbineName"];

/** Which labels of a file count, and of whom they are. */
export interface LabelChoice {
  /** Column with the turbine; looked for among the usual names if not said; where there's none labels hold for every key. */
  key?: string | undefined;
  /** Only labels whose `kind` is one of these. */
  kinds?: readonly string[] | undefined;
  /** Keys of the readings. */
  keys: Iterable<string>;
}

/** Labelled windows (columns start and end) or points (start, time or timestamp alone) of a CSV or JSON-lines file. */
export async function readLabels(file: string, { key, kinds, keys }: LabelChoice): Promise<LabelWindow[]> {
  const windows: LabelWindow[] = [];
  const everyone = [...keys];
  for await (const batch of readRows(file)) {
    const names = batch.header ?? Object.keys(batch.objects![0]!);
    const known = (candidates: readonly string[]) => candidates.find((name) => names.includes(name));
    const startName = known(STARTS);
    if (startName === undefined) {
      throw new WindopsError("E_NO_COLUMN", `${file} says no times of labels`, {
        hint: `Windows have the columns start and end, points have time. It has: ${names.join(", ")}.`,
      });
    }
    const endName = known(ENDS);
    const keyName = key && names.includes(key) ? key : known(KEYS);
    const kind = kinds && column(batch, "kind");
    const start = column(batch, startName);
    const end = endName === undefined ? start : column(batch, endName);
    const owner = keyName === undefined ? undefined : column(batch, keyName);
    for (let row = 0; row < batch.lines.length; row++) {
      if (kind && !kinds.includes(String(kind(row)))) continue;
      const [from, to] = [timeOf(start(row)), timeOf(end(row))];
      if (from === undefined || to === undefined || to < from) {
        throw new WindopsError("E_ROW", `${file}, line ${batch.lines[row]}: no window of time`, {
          hint: `${startName} and ${endName ?? startName} are times, ISO 8601 or since 1970, in order.`,
        });
      }
      const owners = owner ? [String(owner(row))] : everyone;
      for (const one of owners) windows.push({ key: one, start: from, end: to });
    }
  }
  return windows;
}
