import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mulberry32 } from "../../src/local/chaos.ts";
import { type CallProxy, startProxy } from "../proxy.ts";
import { finished, Machine } from "./windops.ts";

// The real command as a process, through a proxy that kills it. test/pipeline/faults does the same at every call, in one process.
const machine = new Machine();
let proxy: CallProxy;
const SLOW = 240_000;

beforeAll(async () => {
  await machine.json("local", "up", "--port", "0");
  proxy = await startProxy(await machine.endpoint());
  machine.env.AWS_ENDPOINT_URL = proxy.endpoint;
  // A stack at an address is given a job; the embedded engine doesn't look into it.
  machine.env.WINDOPS_FLINK_DIR = join(machine.home, "flink");
  mkdirSync(machine.env.WINDOPS_FLINK_DIR);
  writeFileSync(join(machine.env.WINDOPS_FLINK_DIR, "AnomalyDetection.jar"), "a job");
});
afterAll(async () => {
  delete machine.env.AWS_ENDPOINT_URL;
  await proxy.close();
  await machine.close();
});

/** Runs a command and ends it with `signal` when the answer to its `k`th call is there. */
async function endedAt(k: number, signal: "SIGKILL" | "SIGINT", ...args: string[]) {
  const child = machine.start(...args);
  let count = 0;
  proxy.answered = () => {
    if (++count !== k) return undefined;
    child.kill(signal);
    return signal === "SIGKILL" ? "drop" : undefined;
  };
  const end = await finished(child);
  proxy.answered = undefined;
  return end;
}

const random = mulberry32(20_261_125);
/** Among the first calls, in the middle, and late: a setup makes more than 150, a destroy more than 120. */
const kills = [70, 95, 120].map((from) => from + Math.floor(random() * 25));

it.each(kills)(
  "kill -9 at call %i: the same command goes on from there",
  async (k) => {
    const prefix = ["--prefix", `k${k}-`];
    expect((await endedAt(k, "SIGKILL", "setup", ...prefix)).code).toBeNull();
    expect((await machine.json("setup", ...prefix)).changed).toBeGreaterThan(0);
    expect((await machine.json("setup", ...prefix)).changed).toBe(0);
    expect((await machine.json("status", ...prefix)).healthy).toBe(true);

    expect((await endedAt(k, "SIGKILL", "destroy", "--yes", ...prefix)).code).toBeNull();
    await machine.json("destroy", "--yes", ...prefix);
    expect(await machine.json("destroy", "--yes", ...prefix)).toMatchObject({ removed: [], foreign: [] });
  },
  SLOW,
);

it(
  "Ctrl-C in the middle ends with 130 and says how to go on",
  async () => {
    const { code, stderr } = await endedAt(80, "SIGINT", "setup", "--prefix", "c-");
    expect(code).toBe(130);
    expect(stderr).toContain("(E_INTERRUPTED)");
    expect(stderr).toContain("Run the same command again");
    expect((await machine.json("setup", "--prefix", "c-")).changed).toBeGreaterThan(0);
  },
  SLOW,
);

it(
  "destroy without a terminal asks nobody: it names the flag and removes nothing",
  async () => {
    const from = proxy.calls.length;
    const { code, stderr } = await machine.run("destroy", "--prefix", "c-");
    expect(code).toBe(2);
    expect(stderr).toContain("c-windops");
    expect(stderr).toContain("Pass --yes.");
    expect(proxy.calls.slice(from).filter(({ read }) => !read)).toEqual([]);
    await machine.json("destroy", "--prefix", "c-", "--yes");
  },
  SLOW,
);
