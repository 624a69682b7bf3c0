import { WindopsError } from "../errors/errors.ts";

const CANDIDATES = [",", ";", "\t", "|"];

/** Rows of CSV as they came. Cells are cut out when they are asked for: most never are, and a string a cell costs more than the rest. */
export class CsvRows {
  readonly header: readonly string[];
  /** The header's line as it came. */
  readonly headerText: string;
  readonly delimiter: string;
  /** Each row as it came, without its line break. */
  readonly texts: string[] = [];
  /** Where in its text each cell of a row ends, a header's width of them a row. */
  readonly #ends: number[] = [];
  /** The cells of rows with quotes. */
  readonly #quoted = new Map<number, string[]>();

  constructor(header: readonly string[], headerText: string, delimiter: string) {
    this.header = header;
    this.headerText = headerText;
    this.delimiter = delimiter;
  }

  cell(row: number, at: number): string {
    const quoted = this.#quoted.size > 0 ? this.#quoted.get(row) : undefined;
    if (quoted) return quoted[at]!;
    const first = row * this.header.length;
    return this.texts[row]!.slice(at === 0 ? 0 : this.#ends[first + at - 1]! + 1, this.#ends[first + at]);
  }

  cells(row: number): string[] {
    return this.header.map((_, at) => this.cell(row, at));
  }

  /** Adds a row without quotes; its number of cells if that isn't the header's: then it isn't added. */
  add(text: string, ends: readonly number[]): number | undefined {
    const width = this.header.length;
    const last = ends[width - 1]!;
    // A separator too many at the end of each row is how some loggers write.
    const surplus = ends.length > width && text.length - last === ends.length - width;
    if (ends.length !== width && !surplus) return ends.length;
    for (let at = 0; at < width; at++) this.#ends.push(ends[at]!);
    this.texts.push(surplus ? text.slice(0, last) : text);
    return undefined;
  }

  /** `add` for a row with quotes. */
  addQuoted(text: string, cells: string[]): number | undefined {
    const width = this.header.length;
    const surplus = cells.length > width && cells.slice(width).every((cell) => cell === "");
    if (cells.length !== width && !surplus) return cells.length;
    this.#quoted.set(this.texts.length, cells.slice(0, width));
    for (let at = 0; at < width; at++) this.#ends.push(0);
    this.texts.push(surplus ? cells.slice(0, width).map(quote).join(this.delimiter) : text);
    return undefined;
  }
}

/**
 * Splits CSV (RFC 4180: quotes, doubled quotes, line breaks within quotes; LF or CRLF) that comes in pieces.
 *
 * Our own because the fast parser on npm (uDSV) silently joins ragged rows ("4,5⏎6,7,8" becomes "4", "5⏎6", "7,8"): a
 * turbine's speed read out of another column is worse than no reading. Here a row that doesn't fit its header is an error.
 */
export class CsvSplitter {
  readonly #file: string;
  readonly #longest: number;
  #header: { names: string[]; text: string } | undefined;
  #delimiter = ",";
  #rest = "";
  #line = 1;

  constructor(file: string, longestRow: number) {
    this.#file = file;
    this.#longest = longestRow;
  }

  /** The whole rows that `text` completes and the line each begins at; `last` says that nothing follows. */
  push(text: string, last = false): { rows: CsvRows; lines: number[] } {
    let rows = this.#rows();
    const lines: number[] = [];
    let all = this.#rest + text;
    if (last && all !== "" && !all.endsWith("\n")) all += "\n";
    const next = (what: string, from: number): number => {
      const at = all.indexOf(what, from);
      return at < 0 ? all.length : at;
    };
    let from = 0;
    let quote = next('"', 0);
    let separator = -1;
    const ends: number[] = [];
    for (;;) {
      const end = all.indexOf("\n", from);
      if (end < 0) break;
      if (quote < from) quote = next('"', from);
      const line = this.#line;
      if (quote < end) {
        const row = this.#quoted(all, from);
        if (row === undefined) break;
        this.#line += row.lines;
        const text = all.slice(from, all[row.end - 2] === "\r" ? row.end - 2 : row.end - 1);
        from = row.end;
        if (this.#header) this.#fit(rows.addQuoted(text, row.cells), line, lines);
        else rows = this.#headed(row.cells, text);
        continue;
      }
      const stop = end > from && all.charCodeAt(end - 1) === 13 ? end - 1 : end;
      this.#line++;
      if (stop > from) {
        const text = all.slice(from, stop);
        if (!this.#header) {
          this.#delimiter = delimiterOf(text);
          rows = this.#headed(text.split(this.#delimiter), text);
        } else {
          if (separator < from) separator = next(this.#delimiter, from);
          ends.length = 0;
          for (; separator < stop; separator = next(this.#delimiter, separator + 1)) ends.push(separator - from);
          ends.push(stop - from);
          this.#fit(rows.add(text, ends), line, lines);
        }
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

  #rows(): CsvRows {
    return new CsvRows(this.#header?.names ?? [], this.#header?.text ?? "", this.#delimiter);
  }

  #headed(cells: string[], text: string): CsvRows {
    this.#header = { names: cells.map((name) => name.trim()), text };
    return this.#rows();
  }

  /** Takes note of a row's line, or throws where it has the wrong number of `cells`. */
  #fit(cells: number | undefined, line: number, lines: number[]): void {
    if (cells !== undefined)
      throw this.#fault(`${cells} cells where the header has ${this.#header!.names.length}`, line);
    lines.push(line);
  }

  /** The row with quoted cells at `from`; undefined if it isn't complete yet. */
  #quoted(text: string, from: number): { cells: string[]; end: number; lines: number } | undefined {
    if (!this.#header) this.#delimiter = delimiterOf(text.slice(from).replace(/"(?:[^"]|"")*"/g, ""));
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

const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

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
