import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LEASE } from "../../lambdas/delivery/notice.ts";
import { random } from "../../src/simulate/wind/random.ts";
import { at, type Call, Deliveries, MINUTE } from "./delivery-fixture.ts";

let d: Deliveries;
beforeEach(async () => {
  d = await Deliveries.start();
});
afterEach(() => d.tables.close());

/** The function dies at its `k`th call, before it takes effect or after, and makes no other; `seen` names the calls. */
function deathAt(k: number, after: boolean, seen: string[]) {
  return async (call: Call) => {
    if (seen.length > k) throw new Error("killed");
    seen.push(call.name);
    if (seen.length <= k) return call.send();
    seen.push("killed");
    if (after) await call.send();
    throw new Error("killed");
  };
}

const setups: [string, Partial<Deliveries["settings"]>, number][] = [
  ["anomalies", {}, 2],
  ["anomalies whose calm is told later", { calmNotice: true }, 2],
  ["a digest", { digest: MINUTE }, 1],
  ["every reading", { everyReading: true }, 3],
];

describe.each(setups)("killed at each call while telling %s", (_, settings, expected) => {
  it.each([
    ["before it takes effect", false],
    ["when it has taken effect", true],
  ])("%s", async (_, after) => {
    Object.assign(d.settings, settings);
    let steps = 0;
    for (let k = 0; ; k++) {
      d.published.length = 0;
      // A turbine of its own for each k, so that the tables needn't be made anew.
      const turbine = `t${k}`;
      const look = { look: "turbines" as const, turbines: [turbine] };
      await d.arrive(turbine, [0, 1, 30], { location: `place-${k}` });
      if (d.settings.digest > 0) {
        await d.run(look);
        d.clock += MINUTE;
      }
      const seen: string[] = [];
      await d.run(look, deathAt(k, after, seen)).catch(() => {});
      const killed = seen.at(-1) === "killed";
      d.clock += LEASE + 1;
      await d.run(look);
      expect(new Set(d.ids).size, `killed at ${k}: ${seen}`).toBe(expected);
      // Only a death with the message out and the mark not yet made says it again, and under the same id.
      expect(d.published.length - expected).toBeLessThanOrEqual(killed ? 1 : 0);
      if (!killed) break;
      steps = k;
    }
    expect(steps).toBeGreaterThan(12);
    expect(await d.waiting()).toBe(0);
  });
});

it("tells of calm once though killed at each call", async () => {
  d.settings.calmNotice = true;
  /** Looking at the sixteen partitions of what waits changes nothing. */
  const looking = 16;
  for (let k = looking; ; k++) {
    await d.arrive(`t${k}`, [0]);
    await d.arrive(`t${k}`, [16], { score: 0.1 });
    await d.run({ look: "turbines", turbines: [`t${k}`] });
    d.published.length = 0;
    const seen: string[] = [];
    await d.run({ look: "waiting" }, deathAt(k, k % 2 === 0, seen)).catch(() => {});
    d.clock += LEASE + 1;
    await d.run({ look: "waiting" });
    expect(new Set(d.ids)).toEqual(new Set([`calm-t${k}@${at(0)}`]));
    if (seen.at(-1) !== "killed") break;
  }
  expect((await d.tables.alerts()).filter((item) => item.pk === "calm")).toEqual([]);
});

it("says it twice only when the death came between publish and mark", async () => {
  for (const dies of ["Publish", "mark"]) {
    d.published.length = 0;
    await d.arrive(`t-${dies}`, [0]);
    let out = false;
    let dead = false;
    const around = async (call: Call) => {
      if (dead) throw new Error("killed");
      if (call.name === "Publish") {
        dead = dies === "Publish";
        if (dead) throw new Error("killed");
        out = true;
      } else if (out) {
        dead = true;
        throw new Error("killed");
      }
      return call.send();
    };
    await expect(d.run({ look: "waiting" }, around)).rejects.toThrow();
    // While the claim holds, nobody else says it.
    await d.run();
    expect(d.published).toHaveLength(dies === "mark" ? 1 : 0);
    d.clock += LEASE + 1;
    await d.run();
    expect(d.published).toHaveLength(dies === "mark" ? 2 : 1);
    expect(new Set(d.ids).size).toBe(1);
  }
});

describe("several deliveries at once", () => {
  /** Calls of all runs, released in an order that the seed chooses. */
  function interleaved(seed: number) {
    const { uniform } = random(seed);
    const held: (() => void)[] = [];
    const release = () => {
      held.splice(Math.floor(uniform() * held.length), 1)[0]?.();
      if (held.length > 0) setImmediate(release);
    };
    return async (call: Call) => {
      await new Promise<void>((done) => {
        held.push(done);
        if (held.length === 1) setImmediate(release);
      });
      return call.send();
    };
  }

  it("tell each anomaly once, in any order of their calls, while readings go on arriving", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      d.published.length = 0;
      const around = interleaved(seed);
      const turbine = `t-${seed}`;
      await d.arrive(turbine, [0, 1]);
      const runs = [d.run({ look: "waiting" }, around), d.run({ look: "turbines", turbines: [turbine] }, around)];
      await d.arrive(turbine, [10]);
      runs.push(d.run({ look: "turbines", turbines: [turbine] }, around));
      await d.arrive(turbine, [20, 50]);
      runs.push(d.run({}, around), d.run({ look: "turbines", turbines: [turbine] }, around));
      await Promise.all(runs);
      await d.run();
      expect(d.ids, `seed ${seed}`).toEqual([`${turbine}@${at(0)}`, `${turbine}@${at(50)}`]);
      expect(await d.waiting()).toBe(0);
    }
  });

  it("tell a digest once", async () => {
    d.settings.digest = MINUTE;
    for (let seed = 1; seed <= 6; seed++) {
      d.published.length = 0;
      const location = `place-${seed}`;
      for (const turbine of ["a", "b", "c"]) await d.arrive(`${turbine}${seed}`, [0, 2], { location });
      const around = interleaved(seed);
      await Promise.all([d.run({ look: "waiting" }, around), d.run({ look: "waiting" }, around)]);
      d.clock += MINUTE;
      const turbines = ["a", "b", "c"].map((turbine) => `${turbine}${seed}`);
      const looks = [{}, { look: "turbines" as const, turbines }, { look: "turbines" as const, turbines }];
      await Promise.all(looks.map((look) => d.run(look, around)));
      await d.run();
      expect(d.published, `seed ${seed}`).toHaveLength(1);
      for (const turbine of ["a", "b", "c"]) expect(d.published[0]!.text).toContain(`${turbine}${seed}`);
    }
  });
});
