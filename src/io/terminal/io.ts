import type { Writable } from "node:stream";

/** A row of a live task list. `detail` says what is being waited for or what came of it. */
export interface Task {
  title: string;
  update(detail: string): void;
  done(detail?: string): void;
  skip(detail: string): void;
  fail(detail: string): void;
}

/**
 * The terminal as commands see it: results on stdout, everything else on stderr; JSON where asked for; no colour,
 * spinner, prompt or escape codes where the stream is no TTY.
 */
export interface IO {
  readonly json: boolean;
  /** stdout is a terminal. */
  readonly outIsTTY: boolean;
  /** stderr is a terminal: spinners and progress bars may be drawn. */
  readonly errIsTTY: boolean;
  readonly width: number;
  /** Styles for stdout and for stderr; the identity where colour is off. */
  readonly style: Styles;
  readonly errStyle: Styles;
  /** A line of result. Not printed under --json: return data from the command instead. */
  out(line: string): void;
  /** A line on stderr. */
  err(line: string): void;
  /** One item of a stream: NDJSON under --json and when stdout is no TTY (unless `plainWhenPiped`), else `text`. */
  record(value: unknown, text: string | (() => string)): void;
  /** Aligned columns as a result; the last column is cut to the terminal's width. */
  table(rows: Record<string, string | number>[], columns?: string[]): void;
  task(title: string): Task;
  /** Progress bar on a TTY's stderr; NDJSON progress events on stderr under --json; nothing otherwise. */
  progress(options: { title: string; total?: number; unit?: string }): Progress;
  /** Asks on the terminal; without one throws a usage error that names `flag`. */
  confirm(question: string, options: { flag: string; expect?: string }): Promise<boolean>;
  readonly stdout: Writable;
}

export interface Progress {
  update(done: number, note?: string): void;
  stop(): void;
}

export interface Styles {
  bold(s: string): string;
  dim(s: string): string;
  red(s: string): string;
  green(s: string): string;
  yellow(s: string): string;
  cyan(s: string): string;
}
