import { afterAll, describe, expect, it } from "vitest";
import { takeForAws } from "./aws-target.ts";
import { Machine } from "./windops.ts";

const machine = new Machine();
afterAll(() => machine.close());

it("cost needs neither stack nor account", async () => {
  const { code, stdout, stderr } = await machine.run("cost", "--turbines", "200", "--region", "eu-west-1");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/Managed Flink +1 KPU and 1 for orchestration +0\.2200 +160\.60/);
  expect(stdout).toContain("200 turbines, 200 readings a second");
  expect(stdout).toContain("eu-west-1's own prices aren't known");
  const cost = await machine.json("cost", "--rate", "5/s", "--anomalies", "0");
  expect(cost.load).toMatchObject({ turbines: 10, readingsPerSecond: 5, anomaliesPerDay: 0 });
});

describe("setup on AWS", () => {
  it("shows what it costs and asks; without a terminal it names the flag and changes nothing", async () => {
    await takeForAws(machine);
    const { code, stderr } = await machine.run("setup", "create-streams", "create-table");
    expect(code).toBe(2);
    expect(stderr).toMatch(/Total +while it stands/);
    expect(stderr).toContain("Pass --yes.");
    const { resources } = await machine.json("setup", "create-streams", "create-table", "--dry-run");
    expect(resources.map(({ action }: { action: string }) => action)).toEqual(["create", "create", "create", "create"]);
  });

  it("doesn't ask with --yes, nor where nothing differs", async () => {
    const made = await machine.run("setup", "create-streams", "create-table", "--yes");
    expect(made).toMatchObject({ code: 0 });
    expect(made.stderr).not.toContain("Total");
    expect(await machine.json("setup", "create-streams", "create-table")).toMatchObject({ changed: 0 });
  });
});
