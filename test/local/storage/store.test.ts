import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { AwsError } from "../../../src/local/errors.ts";
import { LogStore } from "../../../src/local/storage/store.ts";
import { temporaryFolder } from "../stack-fixture.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function path(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return join(folder, "store.log");
}
const contents = (store: LogStore<unknown>) => Object.fromEntries(store.entries());
function reopened(file: string): LogStore<any> {
  const store = new LogStore<any>(file);
  store.close();
  return store;
}

test("what was put and deleted is there after a restart", () => {
  const file = path();
  const store = new LogStore<unknown>(file);
  store.put("a", { n: 1 });
  store.put("b", [1, "zwei\n", null]);
  store.put("a", { n: 2 });
  expect(store.delete("nobody")).toBe(false);
  store.put("c", 3);
  expect(store.delete("c")).toBe(true);
  store.close();
  expect(contents(reopened(file))).toEqual({ a: { n: 2 }, b: [1, "zwei\n", null] });
});

test("cut off at any byte, every change whose line is whole is there, and the rest is said and gone", () => {
  const file = path();
  const store = new LogStore<number>(file);
  const lengths: number[] = [];
  for (let i = 0; i < 6; i++) {
    store.put(`k${i}`, i);
    lengths.push(statSync(file).size);
  }
  store.close();
  const whole = readFileSync(file);
  for (let cut = 0; cut <= whole.length; cut++) {
    writeFileSync(file, whole.subarray(0, cut));
    const there = lengths.filter((length) => length <= cut).length;
    const after = new LogStore<number>(file);
    expect(after.size).toBe(there);
    expect(after.damage?.tornBytes ?? 0).toBe(cut - (lengths[there - 1] ?? 0));
    after.put("next", 1);
    after.close();
    expect(reopened(file).size).toBe(there + 1);
  }
});

test("a corrupt record in the middle is left out and counted; those after it stay", () => {
  const file = path();
  const store = new LogStore<number>(file);
  for (const key of ["a", "b", "c"]) store.put(key, 1);
  store.close();
  const bytes = readFileSync(file);
  bytes[bytes.indexOf('"b"') + 1] = "x".charCodeAt(0);
  writeFileSync(file, bytes);
  const after = reopened(file);
  expect([Object.keys(contents(after)), after.damage?.corrupt]).toEqual([["a", "c"], 1]);
});

test("a disk that is full at any write, after any number of bytes: that change is refused, all others hold", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 60 }), (failing, bytes) => {
      const file = path();
      let write = 0;
      const store = new LogStore<number>(file, { fault: () => (write++ === failing ? bytes : undefined) });
      const acknowledged: string[] = [];
      for (let i = 0; i < 10; i++) {
        try {
          store.put(`k${i}`, i);
          acknowledged.push(`k${i}`);
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError);
          expect(error).toMatchObject({ code: "InternalFailure", status: 500 });
        }
      }
      expect(acknowledged).toHaveLength(9);
      expect(Object.keys(contents(store))).toEqual(acknowledged);
      store.close();
      const after = reopened(file);
      expect([Object.keys(contents(after)), after.damage]).toEqual([acknowledged, undefined]);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("the log is rewritten when most of it is old, and stays when there is no room for the copy", () => {
  const file = path();
  const value = "x".repeat(10_000);
  let room = true;
  const store = new LogStore<string>(file, {
    fault: (name) => {
      if (name.endsWith(".new") && !room) throw new Error("ENOSPC");
      return undefined;
    },
  });
  room = false;
  for (let i = 0; i < 150; i++) store.put("k", value + i);
  expect(statSync(file).size).toBeGreaterThan(1_400_000);
  room = true;
  store.put("k", "last");
  expect(statSync(file).size).toBeLessThan(100);
  store.put("after", "1");
  store.close();
  expect(contents(reopened(file))).toEqual({ k: "last", after: "1" });
});

test("any sequence of changes and restarts is the map it should be", () => {
  const change = fc.oneof(
    fc.record({ put: fc.constantFrom("a", "b", "c", "__proto__"), value: fc.jsonValue() }),
    fc.record({ delete: fc.constantFrom("a", "b", "c") }),
    fc.constant("restart" as const),
    fc.constant("torn" as const),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const file = path();
      const model = new Map<string, unknown>();
      let store = new LogStore<unknown>(file);
      for (const c of changes) {
        if (c === "restart" || c === "torn") {
          store.close();
          if (c === "torn") appendFileSync(file, '0badc0de ["a",');
          store = new LogStore<unknown>(file);
        } else if ("put" in c) {
          store.put(c.put, c.value);
          // As it comes back from the disk: -0 is 0 in JSON.
          model.set(c.put, JSON.parse(JSON.stringify(c.value)));
        } else {
          store.delete(c.delete);
          model.delete(c.delete);
        }
      }
      store.close();
      expect(new Map(reopened(file).entries())).toEqual(model);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("an empty and a missing file are an empty store", () => {
  const file = path();
  expect(reopened(file).size).toBe(0);
  truncateSync(file);
  expect(reopened(file).size).toBe(0);
});
