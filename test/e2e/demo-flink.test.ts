import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt, hasJdk } from "../local/services/kinesisanalytics/engines/flink-fixture.ts";
import { Machine } from "./windops.ts";

describe.runIf(hasJdk)("demo on a real Flink", { timeout: 180_000 }, () => {
  const machine = new Machine();
  beforeAll(ensureBuilt, 300_000);
  afterAll(() => machine.close());

  it("passes with the jar that windops build made", async () => {
    const demo = await machine.json("demo", "--engine", "flink");
    expect(demo).toMatchObject({ ok: true, problems: [], unexpected: [] });
    expect(demo.rows).toBe(demo.readings);
    expect(demo.alerts).toHaveLength(3);
  });
});
