import type { Readable } from "node:stream";
import type { DetectorOptions } from "../../detect/detector.ts";
import { readRows } from "../../io/rows/rows.ts";
import { RowText } from "../../io/rows/text.ts";
import { type ScoreColumns, scoreRows } from "./rows.ts";

export interface ScoreJob {
  /** `-` is stdin. */
  file: string;
  stdin?: Readable;
  columns: ScoreColumns;
  settings: Partial<DetectorOptions>;
  /** Rows of CSV come out as JSON lines too. */
  json: boolean;
  signal: AbortSignal;
  /** Rows and bytes of the file that are done. */
  onProgress: (rows: number, bytes: number) => void;
  /** The threads' program, where it isn't the detector's: see scoreRows. */
  thread?: URL;
}

export interface ScoreCounts {
  rows: number;
  keys: number;
  /** Rows with a score of 2 and more. */
  anomalies: number;
}

/**
 * Scores a file of any size in the memory of a few batches. `write` is given the rows as they came, with `score` and `rcfScore`,
 * some lines at a time without the last line break; it is first called when the columns are known to be there.
 */
export async function scoreFile(
  { file, stdin, columns, settings, json, signal, onProgress, thread }: ScoreJob,
  write: (lines: string) => Promise<unknown>,
): Promise<ScoreCounts> {
  const text = new RowText(["score", "rcfScore"], json);
  const keys = new Set<string>();
  let rows = 0;
  let anomalies = 0;
  let bytes = 0;
  const onBytes = (count: number): void => {
    bytes += count;
  };
  const batches = readRows(file, { ...(stdin && { stdin }), onBytes });
  for await (const { batch, rows: keyed, scores } of scoreRows(batches, columns, settings, undefined, thread)) {
    if (signal.aborted) break;
    for (const key of keyed.keys) keys.add(key);
    for (const score of scores.score) if (score >= 2) anomalies++;
    const { score, rcfScore } = scores;
    await write(text.text(batch, (row, added) => digits((added === 0 ? score : rcfScore)[row]!)));
    rows += batch.lines.length;
    onProgress(rows, bytes);
  }
  return { rows, keys: keys.size, anomalies };
}

/** Four decimals: more than the forest's own randomness leaves to be said. */
const digits = (score: number): number => Math.round(score * 10_000) / 10_000;
