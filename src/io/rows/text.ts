import type { RowBatch } from "./rows.ts";

/** Writes rows back as they came, with more columns: CSV as it was written, JSON lines as JSON lines. */
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
    const { header, csv, objects } = batch;
    const added = this.#added;
    const lines: string[] = [];
    if (objects || this.#json) {
      for (let row = 0; row < batch.lines.length; row++) {
        const object: Record<string, unknown> = objects
          ? { ...objects[row]! }
          : Object.fromEntries(header!.map((name, i) => [name, csv!.cell(row, i)]));
        for (let i = 0; i < added.length; i++) object[added[i]!] = value(row, i);
        lines.push(JSON.stringify(object));
      }
      return lines.join("\n");
    }
    const { texts, delimiter, headerText } = csv!;
    if (!this.#headed) lines.push([headerText, ...added].join(delimiter));
    this.#headed = true;
    for (let row = 0; row < texts.length; row++) {
      let line = texts[row]!;
      for (let i = 0; i < added.length; i++) line += delimiter + value(row, i);
      lines.push(line);
    }
    return lines.join("\n");
  }
}
