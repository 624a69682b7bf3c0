import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ShardLog } from "../../../../src/local/services/kinesis/log.ts";
import type { FileOptions } from "../../../../src/local/storage/store-file.ts";
import { temporaryFolder } from "../../stack-fixture.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folder(): string {
  const path = temporaryFolder();
  folders.push(path);
  return path;
}

const said: string[] = [];
const open = (path: string, options: FileOptions = {}) => new ShardLog(path, options, (line) => said.push(line));
const records = (from: number, n: number, bytes = 20) =>
  Array.from({ length: n }, (_, i) => ({ text: `"${String(from + i).padStart(bytes - 2, "0")}"`, bytes }));

function all(log: ShardLog, from = 0, limit = 1e9, maxBytes = 1e9, oldest = 0): number[] {
  const seen: number[] = [];
  log.read(from, limit, maxBytes, oldest, (index, buffer, start, end) => {
    expect(Number(JSON.parse(buffer.toString("latin1", start, end)))).toBe(index);
    seen.push(index);
  });
  return seen;
}
const upTo = (n: number, from = 0) => Array.from({ length: n - from }, (_, i) => from + i);

test("pages by count and by bytes begin and end anywhere", () => {
  const log = open(folder());
  for (let i = 0; i < 10; i++) log.append(records(i * 7, 7), 1000 + i);
  expect(all(log)).toEqual(upTo(70));
  for (const from of [0, 6, 7, 8, 33, 69, 70, 99])
    expect(all(log, from, 5)).toEqual(upTo(Math.min(from + 5, 70), from).slice(0, Math.max(0, 70 - from)));
  expect(all(log, 3, 1e9, 100)).toEqual([3, 4, 5, 6, 7]);
  expect(all(log, 3, 1e9, 1)).toEqual([3]);
  expect(all(log, 0, 1e9, 1e9, 1005)).toEqual(upTo(70, 35));
  log.close();
});

test("many segments: each record is found from a cold start, by index and by time; old segments go", () => {
  const path = folder();
  const log = open(path);
  const batches = 60;
  for (let i = 0; i < batches; i++) log.append(records(i * 100, 100, 10_000), i * 1000);
  log.close();
  const segments = readdirSync(path).length;
  expect(segments).toBeGreaterThan(2);
  const cold = open(path);
  expect([cold.next, cold.lastArrival]).toEqual([batches * 100, (batches - 1) * 1000]);
  for (const from of [0, 1599, 1600, 3210, 5999]) expect(all(cold, from, 3)[0]).toBe(from);
  for (const time of [0, 1, 17_000, 17_001, 59_000, 60_000]) {
    expect(cold.findArrival(time)).toBe(Math.min(6000, Math.ceil(time / 1000) * 100));
  }
  cold.trim(40_000);
  expect(readdirSync(path).length).toBeLessThan(segments);
  expect(all(cold, 0, 1e9, 1e12, 40_000)).toEqual(upTo(6000, 4000));
  cold.append(records(6000, 1), 60_000);
  expect(all(cold, 5999)).toEqual([5999, 6000]);
  cold.close();
});

test("cut off at any byte, every whole write is there and the next one follows it", () => {
  const path = folder();
  const log = open(path);
  for (let i = 0; i < 4; i++) log.append(records(i * 2, 2), 1000);
  log.close();
  const file = join(path, readdirSync(path)[0]!);
  const whole = readFileSync(file);
  const frame = whole.length / 4;
  for (let cut = 0; cut <= whole.length; cut++) {
    writeFileSync(file, whole.subarray(0, cut));
    said.length = 0;
    const after = open(path);
    const there = Math.floor(cut / frame) * 2;
    expect(after.next).toBe(there);
    expect(said.length).toBe(cut % frame === 0 ? 0 : 1);
    after.append(records(there, 1), 2000);
    expect(all(after)).toEqual(upTo(there + 1));
    after.close();
  }
});

test("a disk that is full at any write: that write is refused whole, all others are there in order", () => {
  for (let failing = 0; failing < 6; failing++) {
    for (const bytes of [0, 1, 30, 60]) {
      const path = folder();
      let write = 0;
      const log = open(path, { fault: () => (write++ === failing ? bytes : undefined) });
      let refused = 0;
      for (let i = 0; i < 6; i++) {
        try {
          log.append(records(log.next, 3), 1000);
        } catch {
          refused++;
        }
      }
      expect([refused, all(log)]).toEqual([1, upTo(15)]);
      log.close();
      const after = open(path);
      expect(all(after)).toEqual(upTo(15));
      after.close();
    }
  }
});

test("a wrong byte in an old segment costs that segment's rest, says so, and stops nobody", () => {
  const path = folder();
  const log = open(path);
  for (let i = 0; i < 40; i++) log.append(records(i * 100, 100, 10_000), 1000);
  log.close();
  const [first] = readdirSync(path).sort();
  const bytes = readFileSync(join(path, first!));
  bytes[bytes.length - 100]! ^= 1;
  writeFileSync(join(path, first!), bytes);
  said.length = 0;
  const after = open(path);
  const seen = all(after);
  expect(seen.at(-1)).toBe(3999);
  expect(seen.length).toBe(3900);
  expect(said[0]).toMatch(/wrong checksum/);
  after.close();
});

test("an empty last segment, as a full disk leaves it, is gone on from", () => {
  const path = folder();
  const log = open(path);
  log.append(records(0, 2), 1000);
  log.close();
  truncateSync(join(path, readdirSync(path)[0]!), 0);
  const after = open(path);
  expect(after.append(records(0, 1), 1000)).toBe(0);
  expect(all(after)).toEqual([0]);
  after.close();
});
