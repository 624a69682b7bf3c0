import { describe, expect, it } from "vitest";
import { ReadPace } from "../../../src/operate/scan/read-pace.ts";
import { TestClock } from "../../clock.ts";

const signal = new AbortController().signal;
const page = (CapacityUnits: number) => async () => ({ ConsumedCapacity: { CapacityUnits } });
const refusal = () => Object.assign(new Error("slower"), { name: "ProvisionedThroughputExceededException" });

function paced(unitsPerSecond: number) {
  const clock = new TestClock();
  return { clock, pace: new ReadPace(unitsPerSecond, { ...clock, random: () => 1, now: clock.now }, signal) };
}

describe("the pace of reads", () => {
  it("keeps several readers together at so many units a second", async () => {
    const { clock, pace } = paced(1000);
    const reader = async () => {
      for (let i = 0; i < 25; i++) await pace.page(page(100));
    };
    await Promise.all([reader(), reader(), reader(), reader()]);
    expect(pace.units).toBe(10_000);
    // The first four may go before anybody knows what a page takes; the last doesn't wait for its own time.
    expect(clock.time).toBeGreaterThan(9000);
    expect(clock.time).toBeLessThanOrEqual(10_000);
  });

  it("doesn't wait without a limit", async () => {
    const { clock, pace } = paced(Infinity);
    for (let i = 0; i < 100; i++) await pace.page(page(100));
    expect(clock.time).toBe(0);
  });

  it("reads a refused page again, at half the pace, which then comes back", async () => {
    const { clock, pace } = paced(1000);
    await pace.page(page(100));
    let refused = false;
    await pace.page(async () => {
      if (refused) return page(100)();
      refused = true;
      throw refusal();
    });
    expect(pace.units).toBe(200);
    const before = clock.time;
    await pace.page(page(100));
    await pace.page(page(100));
    // 0.2 s each at 500 a second, a little less since the pace grows again.
    expect(clock.time - before).toBeGreaterThan(300);
    for (let i = 0; i < 40; i++) await pace.page(page(100));
    const full = clock.time;
    for (let i = 0; i < 10; i++) await pace.page(page(100));
    expect(clock.time - full).toBeCloseTo(1000);
  });

  it("slows once for what was refused together", async () => {
    const { clock, pace } = paced(1000);
    let calls = 0;
    const read = async () => {
      if (++calls <= 4) throw refusal();
      return page(100)();
    };
    await Promise.all([pace.page(read), pace.page(read), pace.page(read), pace.page(read)]);
    const before = clock.time;
    for (let i = 0; i < 3; i++) await pace.page(page(100));
    // At half the pace or faster, not a sixteenth of it.
    expect(clock.time - before).toBeLessThan(1000);
  });

  it("gives up a table that refuses for a minute, and at once what isn't a refusal", async () => {
    const { clock, pace } = paced(1000);
    const refused = pace.page(async () => {
      throw refusal();
    });
    await expect(refused).rejects.toThrow("slower");
    expect(clock.time).toBeGreaterThan(60_000);
    const broken = pace.page(async () => {
      throw new Error("no such index");
    });
    await expect(broken).rejects.toThrow("no such index");
  });
});
