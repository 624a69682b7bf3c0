import { expect, test } from "vitest";
import { isSound, soak } from "./soak.ts";
import { soakTable } from "./table.ts";

// The short run of `npm run soak`. Only Linux shows the processes to kill.
test.runIf(process.platform === "linux")(
  "every kind of fault in fifteen seconds of load: nothing lost, nobody told twice",
  async () => {
    const report = await soak({
      seed: 1,
      duration: 15_000,
      engine: "embedded",
      rate: 60,
      turbines: 6,
      ownDisk: false,
      signal: new AbortController().signal,
      log: () => {},
    });
    expect(isSound(report), soakTable(report)).toBe(true);
  },
  300_000,
);
