import type { Readable, Writable } from "node:stream";
import { Chalk, type ChalkInstance } from "chalk";
import { printable, printableJson } from "../../contract/printable.ts";
import { usageError } from "../errors/errors.ts";
import { clip, duration } from "../text.ts";
import type { IO, Progress, Styles } from "./io.ts";
import { TaskList } from "./tasks.ts";

type Stream = Writable & { isTTY?: boolean; columns?: number };

export interface TerminalOptions {
  stdout: Stream;
  stderr: Stream;
  stdin: Readable & { isTTY?: boolean };
  json: boolean;
  color: boolean;
}

const styles = (c: ChalkInstance): Styles => ({
  bold: c.bold,
  dim: c.dim,
  red: c.red,
  green: c.green,
  yellow: c.yellow,
  cyan: c.cyan,
});

/** The process's own terminal as an `IO`. */
export function terminal(options: TerminalOptions): IO {
  const { stdout, stderr, stdin, json } = options;
  const outIsTTY = stdout.isTTY === true;
  const errIsTTY = stderr.isTTY === true;
  const style = styles(new Chalk({ level: options.color && outIsTTY ? 1 : 0 }));
  const errStyle = styles(new Chalk({ level: options.color && errIsTTY ? 1 : 0 }));
  const tasks = new TaskList(stderr, errIsTTY && options.color && !json, errStyle);
  const write = (line: string) => stdout.write(`${line}\n`);

  const io: IO = {
    json,
    outIsTTY,
    errIsTTY,
    width: stdout.columns ?? 80,
    style,
    errStyle,
    stdout,
    out: (line) => {
      if (!json) tasks.above(() => write(line));
    },
    err: (line) => tasks.above(() => stderr.write(`${line}\n`)),
    record: (value, text) => {
      tasks.above(() => write(json || !outIsTTY ? printableJson(value) : typeof text === "function" ? text() : text));
    },
    table: (rows, columns = Object.keys(rows[0] ?? {})) => {
      for (const line of formatTable(rows, columns, outIsTTY ? io.width : Infinity)) io.out(line);
    },
    task: (title) => tasks.start(title),
    progress: (spec) => progressBar(spec, { stderr, bar: errIsTTY && !json, events: json }),
    confirm: async (question, { flag, expect }) => {
      if (!stdin.isTTY || !errIsTTY) {
        throw usageError(`This needs an answer, and there is no terminal to ask on: ${question}`, `Pass ${flag}.`);
      }
      const { createInterface } = await import("node:readline/promises");
      const prompt = createInterface({ input: stdin, output: stderr });
      try {
        const answer = (await prompt.question(`${question} ${expect === undefined ? "[y/N] " : ""}`)).trim();
        return expect === undefined ? /^y(es)?$/i.test(answer) : answer === expect;
      } finally {
        prompt.close();
      }
    },
  };
  return io;
}

/** Columns padded to their widest cell, numbers to the right; the last column is clipped to `width`. */
function formatTable(rows: Record<string, string | number>[], columns: string[], width: number): string[] {
  const cells = rows.map((row) => columns.map((c) => printable(String(row[c] ?? ""))));
  const widths = columns.map((c, i) => Math.max(c.length, ...cells.map((row) => row[i]!.length)));
  const numeric = columns.map((c) => rows.length > 0 && rows.every((row) => typeof row[c] === "number"));
  const line = (row: string[]) =>
    clip(
      row.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  "),
      width,
    ).trimEnd();
  return [line(columns), ...cells.map(line)];
}

function progressBar(
  { title, total, unit = "" }: { title: string; total?: number; unit?: string },
  { stderr, bar, events }: { stderr: Stream; bar: boolean; events: boolean },
): Progress {
  const started = Date.now();
  let last = 0;
  return {
    update(done, note = "") {
      const now = Date.now();
      if (now - last < (bar ? 100 : 1000) && done !== total) return;
      last = now;
      const seconds = (now - started) / 1000;
      const rate = seconds > 0 ? done / seconds : 0;
      if (events) {
        stderr.write(`${JSON.stringify({ event: "progress", title, done, total, rate: Math.round(rate) })}\n`);
      } else if (bar) {
        const share = total ? Math.min(1, done / total) : undefined;
        const gauge =
          share === undefined
            ? ""
            : ` [${"#".repeat(Math.round(share * 20)).padEnd(20, "·")}] ${Math.floor(share * 100)} %`;
        const left = total && rate > 0 ? `, ${duration(((total - done) / rate) * 1000)} left` : "";
        const text = `${title}${gauge} ${done.toLocaleString("en-US")} ${unit}, ${Math.round(rate).toLocaleString("en-US")}/s${left} ${note}`;
        stderr.write(`\r\u001b[2K${clip(text, (stderr.columns || 80) - 1)}`);
      }
    },
    stop() {
      if (bar && last > 0) stderr.write("\r\u001b[2K");
    },
  };
}
