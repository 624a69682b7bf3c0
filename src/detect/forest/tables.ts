import { allocate, view } from "./memory.ts";
import { log2 } from "./random.ts";

let entries = 0;
let log2Table = 0;
let inverseTable = 0;

/** Addresses of the f64 tables log2(i) and 1 / (i + 1), for i up to sampleSize + 1; shared by a thread's forests. */
export function tables(sampleSize: number): { log2: number; inverse: number } {
  if (entries < sampleSize + 2) {
    entries = Math.max(sampleSize + 2, 1026);
    // Smaller tables stay: forests point to them.
    log2Table = allocate(8 * entries);
    inverseTable = allocate(8 * entries);
    for (let i = 0; i < entries; i++) {
      view.data.setFloat64(log2Table + 8 * i, i === 0 ? 0 : log2(i), true);
      view.data.setFloat64(inverseTable + 8 * i, 1 / (i + 1), true);
    }
  }
  return { log2: log2Table, inverse: inverseTable };
}
