import type { RowBatch } from "./rows.ts";

/** Writes rows back as they came, with more columns: CSV as RFC 4180 has it, JSON lines as JSON lines. */
export class RowText {
  readonly #added: readonly string[];
  readonly #json: boolean;
  #headed = false;

  /** `json` turns CSV into JSON lines too. */
  constructor(added: readonly string[], json = false) {
    this.#added = added;
    this.#json = json;
  }

  /** The batch's rows as text without the last line break; `value(row, i)` is added column i. */
  text(batch: RowBatch, value: (row: number, added: number) => number): string {
    const { header, cells, objects } = batch;
    const added = this.#added;
    const lines: string[] = [];
    if (objects || this.#json) {
      for (let row = 0; row < batch.lines.length; row++) {
        const object: Record<string, unknown> = objects
          ? { ...objects[row]! }
          : Object.fromEntries(header!.map((name, i) => [name, cells![row]![i]]));
        for (let i = 0; i < added.length; i++) object[added[i]!] = value(row, i);
        lines.push(JSON.stringify(object));
      }
      return lines.join("\n");
    }
    if (!this.#headed) lines.push([...header!, ...added].map(quoted).join(","));
    this.#headed = true;
    for (let row = 0; row < batch.lines.length; row++) {
      let line = "";
      for (const cell of cells![row]!) line += `${quoted(cell)},`;
      for (let i = 0; i < added.length; i++) line += i === 0 ? value(row, i) : `,${value(row, i)}`;
      lines.push(line);
    }
    return lines.join("\n");
  }
}

const SPECIAL = /[",\r\n]/;
const quoted = (cell: string): string => (SPECIAL.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
