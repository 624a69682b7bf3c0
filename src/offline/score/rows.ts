import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DETECTOR_DEFAULTS, type DetectorOptions } from "../../detect/detector.ts";
import { DetectorPool, type KeyedRows, type RowScores } from "../../detect/pool.ts";
import { distFolder } from "../../io/dist.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import { numberOf, timeOf } from "../../io/rows/readings.ts";
import { column, type RowBatch } from "../../io/rows/rows.ts";

/** Columns by name; what isn't said is a reading's own field where the file has it. */
export interface ScoreColumns {
  values?: readonly string[];
  key?: string;
  time?: string;
}

/** Rows with what was made of them, in the file's order. */
export interface ScoredBatch {
  batch: RowBatch;
  rows: KeyedRows;
  scores: RowScores;
}

/** Batches that are scored while the next one is read: bounds the memory. */
const UNDER_WAY = 4;

const detectorThread = (): URL => pathToFileURL(join(distFolder(), "detect", "worker.js"));

/** Scores rows of any file, each against what its key had before; memory is that of a few batches and of the detectors. */
export async function* scoreRows(
  batches: AsyncIterable<RowBatch>,
  columns: ScoreColumns,
  settings: Partial<DetectorOptions> = {},
  threads = availableParallelism(),
  thread = detectorThread(),
): AsyncGenerator<ScoredBatch> {
  let pool: DetectorPool | undefined;
  let read: ((batch: RowBatch) => KeyedRows) | undefined;
  const waiting: Promise<ScoredBatch>[] = [];
  try {
    for await (const batch of batches) {
      if (!pool || !read) {
        const chosen = choose(batch, columns);
        pool = new DetectorPool(thread, threads, { ...DETECTOR_DEFAULTS, ...settings, features: chosen.values });
        read = reader(chosen);
      }
      const rows = read(batch);
      const scored = pool.process(rows).then((scores) => ({ batch, rows, scores }));
      // A failure is thrown where the batch's turn comes.
      scored.catch(() => {});
      waiting.push(scored);
      if (waiting.length > UNDER_WAY) yield await waiting.shift()!;
    }
    while (waiting.length > 0) yield await waiting.shift()!;
  } finally {
    await pool?.close();
  }
}

interface ChosenColumns {
  values: readonly string[];
  key: string | undefined;
  time: string | undefined;
}

function choose(batch: RowBatch, { values, key, time }: ScoreColumns): ChosenColumns {
  const names = batch.header ?? Object.keys(batch.objects![0]!);
  const known = (name: string) => (names.includes(name) ? name : undefined);
  const chosen = { values: values ?? [], key: key ?? known("turbineId"), time: time ?? known("timestamp") };
  if (!values) {
    const empty = batch.lines.length === 0;
    const numeric = names.filter(
      (name) =>
        name !== chosen.key && name !== chosen.time && (empty || numberOf(column(batch, name)(0)) !== undefined),
    );
    chosen.values = numeric.includes("speed") ? ["speed"] : numeric;
    if (chosen.values.length !== 1) {
      throw new WindopsError("E_NO_COLUMN", `Which column of ${batch.file} is to be scored?`, {
        hint: `Name it with --value. The first row has numbers in: ${numeric.slice(0, 40).join(", ") || "none"}.`,
      });
    }
  }
  if (batch.objects) {
    for (const name of [...chosen.values, ...[chosen.key, chosen.time].filter((one) => one !== undefined)]) {
      if (batch.objects.some((row) => name in row)) continue;
      throw new WindopsError("E_NO_COLUMN", `${batch.file} has no field "${name}"`, {
        hint: `It has: ${names.slice(0, 40).join(", ")}.`,
      });
    }
  }
  return chosen;
}

function reader({ values, key, time }: ChosenColumns): (batch: RowBatch) => KeyedRows {
  let text: unknown;
  let parsed = Number.NaN;
  const timestamp = (value: unknown): number => {
    // Rows of one time come together.
    if (value !== text) {
      text = value;
      parsed = timeOf(value) ?? Number.NaN;
    }
    return parsed;
  };
  return (batch) => {
    const count = batch.lines.length;
    const keyOf = key === undefined ? () => "" : column(batch, key);
    const timeAt = time === undefined ? () => undefined : column(batch, time);
    const rows = {
      keys: new Array<string>(count),
      timestamps: new Float64Array(count),
      values: new Float64Array(count * values.length),
    };
    for (let row = 0; row < count; row++) {
      rows.keys[row] = String(keyOf(row) ?? "");
      rows.timestamps[row] = timestamp(timeAt(row));
    }
    values.forEach((name, f) => {
      const value = column(batch, name);
      for (let row = 0; row < count; row++) rows.values[row * values.length + f] = numberOf(value(row)) ?? Number.NaN;
    });
    return rows;
  };
}
