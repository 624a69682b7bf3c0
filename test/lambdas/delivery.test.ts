import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { at, Deliveries, MINUTE } from "./delivery-fixture.ts";

let d: Deliveries;
beforeEach(async () => {
  d = await Deliveries.start();
});
afterEach(() => d.tables.close());

describe("the delivery", () => {
  it("tells a storm at 1 Hz once, by its first reading", async () => {
    const seconds = Array.from({ length: 40 }, (_, i) => i / 60);
    await d.arrive("t-1", seconds.slice(0, 30));
    await d.run();
    await d.arrive("t-1", seconds.slice(30));
    expect(await d.run()).toEqual({ told: 0 });
    expect(d.published).toHaveLength(1);
    expect(d.published[0]).toMatchObject({
      subject: "Abnormal Wind Turbine Speed Detected",
      attributes: {
        turbineId: { type: "String", value: "t-1" },
        location: { type: "String", value: "Oak Ridge" },
        score: { type: "Number", value: "4" },
        deduplicationId: { value: `t-1@${at(0)}` },
      },
    });
    for (const part of ["t-1", "Oak Ridge", "31.00 m/s (69.3 mph)", "4.00", at(0)]) {
      expect(d.published[0]!.text).toContain(part);
    }
  });

  it.each<[string, number[][], number[]]>([
    ["less than the quiet time apart: one", [[0, 14.99]], [0]],
    ["the quiet time apart: two", [[0, 15]], [0, 15]],
    ["going on across runs", [[0], [14], [28], [42]], [0]],
    ["late, in the middle: none more", [[0, 20], [10]], [0, 20]],
    ["late, just before: none more", [[20], [10]], [20]],
    ["late, long before: one of its own", [[100], [10]], [10, 100]],
    ["late, between two: none more", [[0, 29], [14.5]], [0, 29]],
    ["after two that a late one joined: none more", [[0, 29], [14.5], [40]], [0, 29]],
    ["out of order in one run", [[12, 0, 6]], [0]],
    [
      "again, all of it",
      [
        [0, 5, 40],
        [0, 5, 40],
      ],
      [0, 40],
    ],
  ])("%s", async (_, arrivals, told) => {
    for (const minutes of arrivals) {
      await d.arrive("t-1", minutes);
      await d.run();
    }
    expect(d.ids).toEqual(told.map((minute) => `t-1@${at(minute)}`));
    expect(await d.waiting()).toBe(0);
  });

  it("keeps turbines apart, also those whose names begin alike", async () => {
    await d.arrive("a", [0]);
    await d.arrive("a#b", [1]);
    await d.arrive("a#b#c", [2]);
    await d.run({ look: "turbines", turbines: ["a#b"] });
    expect(d.published.map((m) => m.attributes.turbineId!.value)).toEqual(["a#b"]);
    await d.run();
    expect(d.published.map((m) => m.attributes.turbineId!.value).sort()).toEqual(["a", "a#b", "a#b#c"]);
  });

  it("prints hostile names harmlessly", async () => {
    await d.arrive("\u001b]0;x\u0007\u009b\u202e\u200b", [0], { location: "<script>\n\rSubject: spoofed" });
    await d.run();
    expect(d.published[0]!.text).not.toMatch(/[\u001b\u0007\r\u009b\u202e\u200b]/);
    expect(d.published[0]!.text).toContain("\\u001b]0;x\\u0007");
    expect(d.published[0]!.attributes.location!.value).not.toMatch(/[\r\n]/);
  });

  it("finds rows that nothing announced, across pages, also with numbers as text, once", async () => {
    d.settings.minScore = 3;
    const padding = "x".repeat(60_000);
    for (let i = 0; i < 45; i++) {
      const score = i % 20 === 0 ? "10" : i % 20 === 1 ? 5.5 : i % 20 === 2 ? "2.9" : 0.3;
      const row = { turbine_id: `t-${i}`, timestamp: at(0), wind_speed: "30.5", anomaly_score: score, padding };
      await d.put("WindDataTable", row);
    }
    expect(await d.run({ look: "waiting" })).toEqual({ told: 0 });
    await d.run({});
    await d.run({});
    expect(d.ids).toEqual(["t-0", "t-1", "t-20", "t-21", "t-40", "t-41"].map((t) => `${t}@${at(0)}`));
    expect(d.published[0]!.text).toContain("30.50 m/s");
  });

  it("tells every reading once where that is asked for", async () => {
    d.settings.everyReading = true;
    await d.arrive("t-1", [0, 1, 2]);
    await Promise.all([d.run(), d.run()]);
    await d.arrive("t-1", [1, 2, 3]);
    await d.run({});
    expect(d.ids).toEqual([0, 1, 2, 3].map((minute) => `t-1@${at(minute)}`));
  });

  it("keeps what SNS refuses, and tells it once when SNS is back", async () => {
    await d.arrive("t-1", [0, 20]);
    const refuse = (call: { name: string; send: () => Promise<any> }) =>
      call.name === "Publish" ? Promise.reject(new Error("SNS is away")) : call.send();
    for (let minute = 0; minute < 5; minute++) {
      await expect(d.run({ look: "waiting" }, refuse)).rejects.toThrow("SNS is away");
      await d.arrive("t-1", [minute + 1]);
      d.clock += MINUTE;
    }
    expect(d.published).toHaveLength(0);
    await d.run();
    await d.run();
    expect(d.ids).toEqual([`t-1@${at(0)}`, `t-1@${at(20)}`].sort());
  });

  it("tells one turbine though another one's notification fails", async () => {
    await d.arrive("t-1", [0]);
    await d.arrive("t-2", [0]);
    const refuse = (call: { name: string; send: () => Promise<any> }) => {
      if (call.name !== "Publish") return call.send();
      return call.send().then((id) => {
        if (d.published.at(-1)!.attributes.turbineId!.value !== "t-1") return id;
        d.published.pop();
        throw new Error("refused");
      });
    };
    await expect(d.run({ look: "waiting" }, refuse)).rejects.toThrow("1 of 2 not told");
    expect(d.ids).toEqual([`t-2@${at(0)}`]);
  });
});

describe("cooldown", () => {
  it("doesn't tell a turbine's further anomalies until it's over; others are told", async () => {
    d.settings.cooldown = 60 * MINUTE;
    await d.arrive("t-1", [0, 20, 59, 80]);
    await d.arrive("t-2", [20]);
    await d.run();
    await d.run({});
    expect(d.ids).toEqual([`t-1@${at(0)}`, `t-1@${at(80)}`, `t-2@${at(20)}`]);
    expect(await d.waiting()).toBe(0);
  });
});

describe("digest", () => {
  beforeEach(() => {
    d.settings.digest = 5 * MINUTE;
  });

  it("tells a front over a location at once, when the time is out", async () => {
    await d.arrive("t-1", [0]);
    await d.run();
    d.clock += 2 * MINUTE;
    await d.arrive("t-2", [2], { score: 9 });
    await d.arrive("far", [2], { location: "Gull Bay" });
    await d.run();
    expect(d.published).toHaveLength(0);
    d.clock += 3 * MINUTE;
    await d.run();
    await d.run({});
    expect(d.published).toHaveLength(1);
    expect(d.published[0]!.text).toMatch(/2 turbines of Oak Ridge[\s\S]*t-2[\s\S]*t-1/);
    expect(d.published[0]!.attributes).toMatchObject({ turbineId: { value: "t-2" }, score: { value: "9" } });
    d.clock += 2 * MINUTE;
    await d.run();
    expect(d.published).toHaveLength(2);
    // Alone, it's an ordinary notification.
    expect(d.published[1]!.attributes.deduplicationId!.value).toBe(`far@${at(2)}`);
    expect(await d.waiting()).toBe(0);
  });

  it("puts what comes after into the next one", async () => {
    await d.arrive("t-1", [0]);
    await d.run();
    d.clock += 5 * MINUTE;
    await d.arrive("t-2", [3]);
    await d.run();
    await d.arrive("t-1", [1]);
    await d.arrive("t-3", [6]);
    await d.run();
    d.clock += 5 * MINUTE;
    await d.run();
    const turbines = d.published.map((m) => [...new Set(m.text.match(/t-\d/g))].sort());
    expect(turbines).toEqual([["t-1", "t-2"], ["t-3"]]);
  });
});

describe("the notice of calm", () => {
  beforeEach(() => {
    d.settings.calmNotice = true;
  });

  it("comes once, when the turbine has ordinary readings from a quiet time after", async () => {
    await d.arrive("t-1", [0, 5]);
    await d.run();
    await d.arrive("t-1", [19], { score: 0.4 });
    await d.run();
    expect(d.published).toHaveLength(1);
    await d.arrive("t-1", [20], { score: 0.4 });
    await Promise.all([d.run(), d.run()]);
    await d.run();
    expect(d.published.map((m) => m.subject)).toEqual([
      "Abnormal Wind Turbine Speed Detected",
      "Wind Turbine Calm Again",
    ]);
    expect(d.published[1]!.text).toContain(`${at(0)} to ${at(5)}`);
  });
});
