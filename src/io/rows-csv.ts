import { WindopsError } from "./errors.ts";

const CANDIDATES = [",", ";", "\t", "|"];

/**
 * Splits CSV (RFC 4180: quotes, doubled quotes, line breaks within quotes; LF or CRLF) that comes in pieces.
 *
 * Our own because the fast parser on npm (uDSV) silently joins ragged rows ("4,5⏎6,7,8" becomes "4", "5⏎6", "7,8"): a
 * turbine's speed read out of another column is worse than no reading. Here a row that doesn't fit its header is an error.
 */
export class CsvSplitter {
  header: string[] | undefined;
  readonly #file: string;
  readonly #longest: number;
  #delimiter = ",";
  #rest = "";
  #line = 1;

  constructor(file: string, longestRow: number) {
    this.#file = file;
    this.#longest = longestRow;
  }

  /** The whole rows that `text` completes and the line each begins at; `last` says that nothing follows. */
  push(text: string, last = false): { rows: string[][]; lines: number[] } {
    const rows: string[][] = [];
    const lines: number[] = [];
    let all = this.#rest + text;
    if (last && all !== "" && !all.endsWith("\n")) all += "\n";
    let from = 0;
    let quote = all.indexOf('"');
    for (;;) {
      const end = all.indexOf("\n", from);
      if (end < 0) break;
      if (quote >= 0 && quote < from) quote = all.indexOf('"', from);
      const line = this.#line;
      if (quote >= 0 && quote < end) {
        const row = this.#quoted(all, from);
        if (row === undefined) break;
        this.#line += row.lines;
        from = row.end;
        this.#take(row.cells, line, rows, lines);
        continue;
      }
      const stop = end > from && all.charCodeAt(end - 1) === 13 ? end - 1 : end;
      this.#line++;
      if (stop > from) {
        const text = all.slice(from, stop);
        if (!this.header) this.#delimiter = delimiterOf(text);
        this.#take(text.split(this.#delimiter), line, rows, lines);
      }
      from = end + 1;
    }
    this.#rest = all.slice(from);
    if (last && this.#rest !== "") throw this.#fault("a quote is opened here and never closed");
    if (this.#rest.length > this.#longest) {
      throw this.#fault(`the row is longer than ${this.#longest} characters`);
    }
    return { rows, lines };
  }

  #take(cells: string[], line: number, rows: string[][], lines: number[]): void {
    if (!this.header) {
      this.header = cells.map((name) => name.trim());
      return;
    }
    const width = this.header.length;
    if (cells.length > width && cells.slice(width).every((cell) => cell === "")) cells.length = width;
    if (cells.length !== width) {
      throw this.#fault(`${cells.length} cells where the header has ${width}`, line);
    }
    rows.push(cells);
    lines.push(line);
  }

  /** The row with quoted cells at `from`; undefined if it isn't complete yet. */
  #quoted(text: string, from: number): { cells: string[]; end: number; lines: number } | undefined {
    if (!this.header) this.#delimiter = delimiterOf(text.slice(from).replace(/"(?:[^"]|"")*"/g, ""));
    const cells: string[] = [];
    let at = from;
    let lines = 1;
    for (;;) {
      let cell: string;
      if (text[at] === '"') {
        const close = closingQuote(text, at + 1);
        if (close === undefined) return undefined;
        cell = text.slice(at + 1, close);
        lines += cell.split("\n").length - 1;
        cell = cell.replaceAll('""', '"');
        at = close + 1;
        if (text[at] === "\r" && text[at + 1] === "\n") at++;
        if (text[at] === undefined) return undefined;
        if (text[at] !== "\n" && text[at] !== this.#delimiter) throw this.#fault("text follows a closing quote");
      } else {
        const comma = text.indexOf(this.#delimiter, at);
        const newline = text.indexOf("\n", at);
        if (newline < 0) return undefined;
        const end = comma >= 0 && comma < newline ? comma : newline;
        cell = text.slice(at, end === newline && text[end - 1] === "\r" ? end - 1 : end);
        at = end;
      }
      cells.push(cell);
      if (text[at] === "\n") return { cells, end: at + 1, lines };
      at++;
    }
  }

  #fault(what: string, line = this.#line): WindopsError {
    return new WindopsError("E_ROW", `${this.#file}, line ${line}: ${what}`, {
      hint: "Every row needs the header's columns, separated as the header's are, quoted as RFC 4180 has it.",
    });
  }
}

function closingQuote(text: string, from: number): number | undefined {
  for (let at = from; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0 || at + 1 >= text.length) return undefined;
    if (text[at + 1] !== '"') return at;
  }
}

/** The separator that the header line has most of. */
function delimiterOf(text: string): string {
  const line = text.slice(0, (text.indexOf("\n") + 1 || text.length + 1) - 1);
  const count = (c: string) => line.split(c).length;
  return CANDIDATES.reduce((best, c) => (count(c) > count(best) ? c : best));
}
