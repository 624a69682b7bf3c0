import { expect, test } from "vitest";
import { faultScript } from "./script.ts";
import { isSound, soak } from "./soak.ts";
import { soakTable } from "./table.ts";

// The short run of `npm run soak`. Only Linux shows the processes to kill.
test.runIf(process.platform === "linux")(
  "every kind of fault in fifteen seconds of load: nothing lost, nobody told twice",
  async () => {
    const duration = 15_000;
    const report = await soak({
      seed: 1,
      duration,
      engine: "embedded",
      rate: 60,
      turbines: 6,
      ownDisk: false,
      signal: new AbortController().signal,
      log: () => {},
    });
    expect(isSound(report), soakTable(report)).toBe(true);
    const kinds = new Set(faultScript(1, duration, "embedded").map(({ kind }) => kind));
    expect(new Set(Object.keys(report.faults)).size).toBeGreaterThanOrEqual(kinds.size - 2);
  },
  300_000,
);
