import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withScaleTable } from "../../../scripts/scale-table.ts";
import { settingsCost } from "../../../src/pipeline/cost/plan-cost.ts";
import { loadSettings } from "../../../src/pipeline/settings/settings.ts";
import { checkSize, farmOf, sizing } from "../../../src/pipeline/settings/sizing.ts";

const breaking = (turbines: number, readingsPerSecond = turbines) =>
  sizing({ turbines, readingsPerSecond })
    .limits.filter(({ needed, quota }) => needed > quota)
    .map(({ what }) => what);

describe("sizing", () => {
  it.each([
    // turbines, readings/s, shards, parallelism
    [1, 1, 1, 1],
    [10, 750, 1, 1],
    [10, 751, 2, 1],
    [2000, 2000, 3, 1],
    [2001, 200, 1, 2],
    // Few turbines, many readings: the processor decides.
    [10, 9000, 12, 3],
    [100_000, 100_000, 134, 50],
    [100_000, 10_000, 14, 50],
  ])("%d turbines, %d readings/s: %d shards, parallelism %d", (turbines, readingsPerSecond, shards, parallelism) => {
    expect(sizing({ turbines, readingsPerSecond })).toMatchObject({
      shards,
      parallelism,
      kpus: parallelism + 1,
      concurrency: shards,
      writeUnits: readingsPerSecond,
    });
  });

  it("says what breaks, the fullest limit first", () => {
    expect(breaking(1000)).toEqual([]);
    expect(breaking(10_000)).toEqual(["writes/s of a new table"]);
    expect(breaking(100_000)[0]).toBe("writes/s of a new table");
    expect(breaking(1_000_000)).toHaveLength(6);
    // Memory alone.
    expect(breaking(200_000, 20)).toEqual(["KPUs of the application"]);
  });

  it("refuses what one pipeline can't be", () => {
    expect(() => checkSize({ shards: 500, parallelism: 64 })).not.toThrow();
    expect(() => checkSize({ shards: 501, parallelism: 1 })).toThrow("501 shards a stream: one pipeline has 500");
    expect(() => checkSize({ shards: 1, parallelism: 65 })).toThrow("65 KPUs");
  });
});

describe("settings sized by turbines", () => {
  const folder = mkdtempSync(join(tmpdir(), "windops-sizing-"));
  const sized = (file: object, env = {}) => {
    writeFileSync(join(folder, "windops.json"), JSON.stringify(file));
    const { shards, parallelism } = loadSettings(env, folder, {});
    return [shards, parallelism];
  };

  it.each<[object, NodeJS.ProcessEnv, number[]]>([
    [{}, {}, [1, 1]],
    [{ turbines: 5000 }, {}, [7, 3]],
    [{ turbines: 5000, rate: 500 }, {}, [1, 3]],
    [{ turbines: 5000, shards: 20 }, {}, [20, 3]],
    [{ turbines: 5000 }, { WINDOPS_PARALLELISM: "8" }, [7, 8]],
    [{ turbines: 5000 }, farmOf({}, { turbines: 10 }), [1, 1]],
    [{ turbines: 5000 }, farmOf({}, { rate: 7500 }), [10, 3]],
    // Without a rate's end there is none to size for.
    [{}, farmOf({}, { turbines: 3000, rate: Infinity }), [4, 2]],
  ])("%o and %o: %o", (file, env, expected) => expect(sized(file, env)).toEqual(expected));
});

it("what it costs is what the sized plan costs", () => {
  const load = (turbines: number) => {
    const settings = { ...loadSettings(farmOf({}, { turbines }), tmpdir(), {}), region: "us-east-1" };
    return settingsCost(settings, settings.turbines);
  };
  expect(load(100_000).plan.shards).toBe(134);
  expect(load(100_000).items.find(({ what }) => what === "2 streams of 134 shards")).toBeDefined();
  expect(load(100_000).total.all.month / load(10_000).total.all.month).toBeCloseTo(10, 0);
});

it("docs/scale.md has the plan that the program computes (npm run docs)", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/scale.md"), "utf8");
  expect(withScaleTable(text)).toBe(text);
});
