import type { Readable } from "node:stream";
import { WindopsError } from "../errors/errors.ts";
import { type CsvRows, CsvSplitter } from "./csv.ts";
import { readText } from "./source.ts";

/** Rows of one file, in file order; memory is bounded by the batch. */
export interface RowBatch {
  file: string;
  /** Line (from 1) that each row begins at. */
  lines: number[];
  /** CSV: the columns' names and the rows. */
  header?: readonly string[];
  csv?: CsvRows;
  /** JSON lines: one object a line. */
  objects?: Record<string, unknown>[];
}

export interface RowOptions {
  /** Read for the file name `-`. */
  stdin?: Readable;
  /** Characters a row may have before it is an error; default 1 MiB, a Kinesis record. */
  longestRow?: number;
  /** Told how many bytes of the file each piece had that was read. */
  onBytes?: (count: number) => void;
}

/**
 * Rows of a CSV or JSON-lines file, plain or gzipped (told apart by content, not by name), streamed: a file of any size
 * takes the memory of one batch. A CSV of a header alone is one batch without rows. Throws `WindopsError` naming file and line for what can't be read or parsed.
 */
export async function* readRows(file: string, options: RowOptions = {}): AsyncGenerator<RowBatch> {
  const longest = options.longestRow ?? 1 << 20;
  let parse: ((text: string, last?: boolean) => RowBatch) | undefined;
  let waiting = "";
  let any = false;
  for await (const text of readText(file, options.stdin, options.onBytes)) {
    waiting += text;
    if (!parse) {
      const first = /\S/.exec(waiting)?.[0];
      if (first === undefined) continue;
      parse = first === "{" || first === "[" ? jsonLines(file, longest) : csvRows(file, longest);
    }
    const batch = parse(waiting);
    waiting = "";
    if (batch.lines.length === 0) continue;
    yield batch;
    any = true;
  }
  const batch = parse?.("", true);
  if (batch && (batch.lines.length > 0 || (!any && batch.header?.length))) yield batch;
}

/** The value of column `name` in row `index` of `batch`; throws `WindopsError` where a CSV hasn't that column. */
export function column(batch: RowBatch, name: string): (index: number) => unknown {
  const { header, csv, objects } = batch;
  if (objects) return (index) => objects[index]![name];
  const at = header!.indexOf(name);
  if (at < 0) {
    throw new WindopsError("E_NO_COLUMN", `${batch.file} has no column "${name}"`, {
      hint: `It has: ${header!.slice(0, 40).join(", ")}.`,
    });
  }
  if (header!.indexOf(name, at + 1) >= 0) {
    throw new WindopsError("E_NO_COLUMN", `${batch.file} has more than one column "${name}"`, {
      hint: "Rename one of them.",
    });
  }
  return (index) => csv!.cell(index, at);
}

function csvRows(file: string, longest: number): (text: string, last?: boolean) => RowBatch {
  const splitter = new CsvSplitter(file, longest);
  return (text, last) => {
    const { rows, lines } = splitter.push(text, last);
    return { file, lines, header: rows.header, csv: rows };
  };
}

function jsonLines(file: string, longest: number): (text: string, last?: boolean) => RowBatch {
  let rest = "";
  let line = 0;
  return (text, last) => {
    const pieces = (rest + text).split("\n");
    rest = last ? "" : pieces.pop()!;
    if (rest.length > longest) throw badLine(file, line + 1, `is longer than ${longest} characters`);
    const batch: RowBatch & { objects: Record<string, unknown>[] } = { file, lines: [], objects: [] };
    for (const piece of pieces) {
      line++;
      if (piece.trim() === "") continue;
      batch.objects.push(object(piece, file, line));
      batch.lines.push(line);
    }
    return batch;
  };
}

function object(text: string, file: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badLine(file, line, `isn't JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badLine(file, line, "is JSON, but no object");
  }
  return value as Record<string, unknown>;
}

function badLine(file: string, line: number, what: string): WindopsError {
  return new WindopsError("E_ROW", `${file}, line ${line} ${what}`, {
    hint: "JSON lines have one whole JSON object a line.",
  });
}
