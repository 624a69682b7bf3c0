import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CsvSplitter } from "../../../src/io/rows/csv.ts";
import { column, type RowBatch, readRows } from "../../../src/io/rows/rows.ts";
import { RowText } from "../../../src/io/rows/text.ts";

const folder = mkdtempSync(join(tmpdir(), "rows-"));

/** All rows of `content`, handed over in pieces of `size` bytes. */
async function rowsOf(content: string | Uint8Array, size = 1 << 16, longestRow?: number) {
  const bytes = Buffer.from(content as string);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const batches: RowBatch[] = [];
  for await (const batch of readRows("-", { stdin: Readable.from(pieces), longestRow })) batches.push(batch);
  return {
    header: batches[0]?.header,
    cells: batches.flatMap((b) => b.lines.map((_, row) => b.csv?.cells(row) ?? [])),
    objects: batches.flatMap((b) => b.objects ?? []),
    lines: batches.flatMap((b) => b.lines),
  };
}

const quote = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

describe("rows of CSV", () => {
  it.each([
    [
      "plain",
      "a,b\n1,2\n3,4\n",
      [
        ["1", "2"],
        ["3", "4"],
      ],
      [2, 3],
    ],
    [
      "no last line break",
      "a,b\n1,2\n3,4",
      [
        ["1", "2"],
        ["3", "4"],
      ],
      [2, 3],
    ],
    ["CRLF", "a,b\r\n1,2\r\n", [["1", "2"]], [2]],
    ["byte order mark", "\ufeffa,b\n1,2\n", [["1", "2"]], [2]],
    ["empty lines", "\na,b\n\n1,2\n\n", [["1", "2"]], [4]],
    ["empty cells", "a,b\n,\n", [["", ""]], [2]],
    ["semicolons", "a;b\n1,5;2\n", [["1,5", "2"]], [2]],
    ["tabs", "a\tb\n1\t2\n", [["1", "2"]], [2]],
    ["quotes", 'a,b\n"1,5","say ""hi"""\n', [["1,5", 'say "hi"']], [2]],
    ["quoted header", '"a, m/s",b\n1,2\n', [["1", "2"]], [2]],
    [
      "line break in quotes",
      'a,b\r\n"x\ny",2\r\n3,4\r\n',
      [
        ["x\ny", "2"],
        ["3", "4"],
      ],
      [2, 4],
    ],
    ["delimiter at the end of rows only", "a,b\n1,2,\n", [["1", "2"]], [2]],
  ])("%s", async (_, text, cells, lines) => {
    for (const size of [1, 2, 3, 1000]) {
      const read = await rowsOf(text, size);
      expect(read.header).toHaveLength(2);
      expect({ cells: read.cells, lines: read.lines }).toEqual({ cells, lines });
    }
  });

  it("reads back any cells, however the bytes are cut", async () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "ü", "風", '"', ",", "\n", "\r\n", " ", ";") });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, fc.constant("end")), { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, size) => {
          const text = ["a,b,c", ...rows.map((row) => row.map(quote).join(","))].join("\n");
          expect((await rowsOf(text, size)).cells).toEqual(rows);
        },
      ),
    );
  });

  it("decodes UTF-16 with a byte order mark", async () => {
    const read = await rowsOf(Buffer.from("\ufeffturbine,°\nÅ1,7\n", "utf16le"), 3);
    expect(read.header).toEqual(["turbine", "°"]);
    expect(read.cells).toEqual([["Å1", "7"]]);
  });

  it.each([
    ["a row with too few cells", "a,b\n1,2\n3\n", /line 3: 1 cells where the header has 2/],
    ["a row with too many cells", "a,b\n1,2,3\n", /line 2: 3 cells/],
    ["a quote that never closes", 'a,b\n1,2\n"3,4\n5,6\n', /line 3: a quote is opened/],
    ["text after a quote", 'a,b\n"1"x,2\n', /line 2: text follows/],
    ["an endless row", `a,b\n${"1".repeat(300)}`, /line 2: the row is longer than 100/],
  ])("refuses %s, with the line", async (_, text, message) => {
    await expect(rowsOf(text, 50, 100)).rejects.toThrow(message);
  });

  it("names the columns there are when one is missing", () => {
    const { rows, lines } = new CsvSplitter("f.csv", 1000).push("time,wind\nt,5\n");
    const batch = { file: "f.csv", header: rows.header, csv: rows, lines };
    expect(column(batch, "wind")(0)).toBe("5");
    expect(() => column(batch, "speed")).toThrow('f.csv has no column "speed"');
    expect(() => column({ ...batch, header: ["a", "a"] }, "a")).toThrow("more than one");
  });
});

describe("rows with more columns", () => {
  it("go out as they came: separator, quotes and decimal commas, without what a logger left at the end of a row", async () => {
    const text = '\ufeffzeit;wind;\r\n1;7,5;\r\n\r\n2;"8,5";"""a"";\nb"\r\n3;9,5;;\r\n';
    const out = new RowText(["score", "rcfScore"]);
    const lines: string[] = [];
    const stdin = Readable.from([Buffer.from(text)]);
    for await (const batch of readRows("-", { stdin })) lines.push(out.text(batch, (row, added) => row + added / 2));
    expect(lines).toEqual(['zeit;wind;;score;rcfScore\n1;7,5;;0;0.5\n2;"8,5";"""a"";\nb";1;1.5\n3;9,5;;2;2.5']);
  });
});

describe("rows of JSON lines", () => {
  it("reads an object a line", async () => {
    const read = await rowsOf('{"a":1}\r\n\n{"a":"x"}', 4);
    expect(read.objects).toEqual([{ a: 1 }, { a: "x" }]);
    expect(read.lines).toEqual([1, 3]);
  });
  it.each([
    ["no JSON", '{"a":1}\n{"a":\n', /line 2 isn't JSON/],
    ["no object", '{"a":1}\n[1]\n', /line 2 is JSON, but no object/],
    ["an endless line", `{"a":1}\n{"a":"${"1".repeat(300)}`, /line 2 is longer/],
  ])("refuses %s, with the line", async (_, text, message) => {
    await expect(rowsOf(text, 50, 100)).rejects.toThrow(message);
  });
});

describe("files", () => {
  it("unpacks gzip of several members by its magic bytes, whatever the name", async () => {
    const file = join(folder, "wind.csv");
    writeFileSync(file, Buffer.concat([gzipSync("a,b\n1,2\n"), gzipSync("3,4\n")]));
    const cells: string[][] = [];
    for await (const { csv } of readRows(file)) cells.push(...csv!.texts.map((_, row) => csv!.cells(row)));
    expect(cells).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
  });

  it("says which gzip file is cut off", async () => {
    const file = join(folder, "cut.csv.gz");
    writeFileSync(file, gzipSync(`a,b\n${"1,2\n".repeat(10_000)}`).subarray(0, 60));
    const read = async () => {
      for await (const batch of readRows(file)) expect(batch.lines.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject({ code: "E_GZIP", message: expect.stringContaining("cut.csv.gz") });
  });

  it("stops a gzip bomb of one endless row after its bound", async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, "1"));
    await expect(rowsOf(bomb, 1 << 16, 1 << 20)).rejects.toThrow(/longer than 1048576/);
  });

  it.each([
    ["missing.csv", "No such file"],
    [".", "is a folder"],
  ])("says what is wrong with %s", async (name, message) => {
    const read = async () => {
      for await (const _ of readRows(join(folder, name)));
    };
    await expect(read()).rejects.toMatchObject({ code: "E_NO_FILE", message: expect.stringContaining(message) });
  });

  it("is empty for an empty file", async () => {
    expect((await rowsOf("")).lines).toEqual([]);
    expect((await rowsOf("\n \n")).lines).toEqual([]);
  });
});

describe("CsvSplitter", () => {
  it("keeps no more than the unfinished row", () => {
    const splitter = new CsvSplitter("f", 1000);
    splitter.push("a,b\n");
    for (let i = 0; i < 1000; i++)
      expect(splitter.push("1,2\n3,").lines.length + splitter.push("4\n").lines.length).toBe(2);
  });
});
