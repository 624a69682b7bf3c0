import { readdirSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { finished, Machine, says } from "./windops.ts";

const machine = new Machine();
afterAll(() => machine.close());

const leftovers = () => readdirSync(machine.home).filter((name) => name.startsWith("windops-demo-"));

describe("demo", () => {
  it("finds what it injected, tells it by e-mail, and takes down what it started", async () => {
    const demo = await machine.json("demo");
    expect(demo).toMatchObject({ ok: true, problems: [], unexpected: [], kept: false });
    expect(demo.rows).toBe(demo.readings);
    expect(demo.alerts).toHaveLength(3);
    for (const { score, rowMs, mailMs } of demo.alerts) {
      expect(score).toBeGreaterThanOrEqual(2);
      expect(mailMs).toBeGreaterThanOrEqual(rowMs);
    }
    expect(leftovers()).toEqual([]);
    await expect(fetch(demo.endpoint)).rejects.toThrow();
  });

  it("shows an alert a line, and leaves nothing behind a Ctrl-C", async () => {
    const child = machine.start("demo");
    await says(child.stdout, /^! \w+ at [\w-]+, .*: [\d.]+ m\/s, score [\d.]+; row after .*, e-mail after .*\n/);
    child.kill("SIGINT");
    expect((await finished(child)).code).toBe(130);
    expect(leftovers()).toEqual([]);
    expect((await machine.run("local", "status")).code).toBe(1);
  });
});
