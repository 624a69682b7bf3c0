import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { findStack, launchStack, stopStack } from "../../../src/local/process/launch.ts";
import { lockFolder, readState, stateFolder } from "../../../src/local/process/state.ts";
import { temporaryFolder } from "../stack-fixture.ts";

// The stack as a process of its own, from dist (npm test builds it).

const folders: string[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) {
    await stopStack(folder);
    rmSync(folder, { recursive: true, force: true });
  }
  for (const server of servers.splice(0)) server.close();
});
function folder(): string {
  const path = temporaryFolder();
  folders.push(path);
  return path;
}
const launch = (stateDir: string, options: object = {}) =>
  launchStack({ env: process.env, stateDir, port: 0, ...options });

function windops(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["bin/windops.js", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

async function otherServer(): Promise<number> {
  const server = createServer((_request, response) => response.end('{"instance":"another"}'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test("the stack starts once, however many commands want it at once, and is found by the next one", async () => {
  const stateDir = folder();
  const all = await Promise.all([1, 2, 3, 4].map(() => launch(stateDir, { port: undefined })));
  expect(new Set(all.map((s) => s.pid)).size).toBe(1);
  expect(all.filter((s) => s.started)).toHaveLength(1);
  const again = await launch(stateDir, { port: undefined });
  expect([again.started, again.endpoint]).toEqual([false, all[0]!.endpoint]);
  expect(statSync(join(stateDir, "stack.json")).mode & 0o077).toBe(0);
});

test("two folders have two stacks side by side", async () => {
  const [a, b] = [await launch(folder(), { port: undefined }), await launch(folder(), { port: undefined })];
  expect(a.port).not.toBe(b.port);
  expect(a.pid).not.toBe(b.pid);
});

test("a killed stack is started again on its old port, with its data", async () => {
  const stateDir = folder();
  const first = await launch(stateDir);
  process.kill(first.pid, "SIGKILL");
  await expect.poll(() => findStack(stateDir)).toBeUndefined();
  const second = await launch(stateDir, { port: undefined });
  expect([second.started, second.port]).toEqual([true, first.port]);
});

test("a stale state file is never believed: not its pid, not whoever answers on its port", async () => {
  const stateDir = folder();
  const port = await otherServer();
  const state = { pid: process.pid, port, instance: "one", token: "t", startedAt: "" };
  writeFileSync(join(stateDir, "stack.json"), JSON.stringify(state));
  expect(await findStack(stateDir)).toBeUndefined();
  expect(await stopStack(stateDir)).toEqual({ stopped: false });
  const { started, port: own } = await launch(stateDir, { port: undefined });
  expect([started, own === port]).toEqual([true, false]);
});

test("a port that was asked for and is taken is an error naming its holder", async () => {
  const port = await otherServer();
  const holder = process.platform === "win32" ? /taken/ : new RegExp(`taken by .*pid ${process.pid}`);
  await expect(launch(folder(), { port })).rejects.toMatchObject({
    code: "E_PORT_TAKEN",
    message: expect.stringMatching(holder),
  });
});

test("a folder that a stack has open isn't opened by another process, nor twice by one", async () => {
  const stateDir = folder();
  await launch(stateDir);
  await expect(lockFolder(stateDir)).rejects.toMatchObject({ code: "E_STACK_RUNNING" });
  const other = folder();
  const lock = await lockFolder(other);
  await expect(lockFolder(other)).rejects.toMatchObject({ code: "E_STACK_RUNNING" });
  await lock.release();
  await (await lockFolder(other)).release();
});

test("a wrong chaos file keeps the stack from starting and says why", async () => {
  const stateDir = folder();
  const chaos = join(stateDir, "chaos.json");
  writeFileSync(chaos, '{"rules":[{}]}');
  await expect(launch(stateDir, { chaos })).rejects.toMatchObject({ code: "E_CHAOS_FILE" });
});

test("the state folder by platform and environment", () => {
  const home = { HOME: "/home/ann" };
  expect(stateFolder({ ...home, WINDOPS_STATE_DIR: "/data" }, "linux")).toBe("/data");
  expect(stateFolder({ ...home, XDG_STATE_HOME: "/x" }, "linux")).toBe(join("/x", "windops"));
  expect(stateFolder(home, "linux")).toBe(join("/home/ann", ".local", "state", "windops"));
  expect(stateFolder(home, "darwin")).toBe(join("/home/ann", "Library", "Application Support", "windops"));
  expect(stateFolder({ ...home, LOCALAPPDATA: "C:\\Local" }, "win32")).toBe(join("C:\\Local", "windops"));
});

test("windops local up, status, down and reset as a user runs them", async () => {
  const stateDir = folder();
  const where = ["--state-dir", stateDir];
  const before = await windops("local", "status", "--json", ...where);
  expect([before.code, JSON.parse(before.stdout).running]).toEqual([1, false]);
  const up = await windops("local", "up", "--port", "0", ...where);
  expect(up.code).toBe(0);
  expect(up.stdout).toMatch(/^export AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+\n$/);
  expect(JSON.parse((await windops("local", "up", "--json", ...where)).stdout)).toMatchObject({ started: false });
  const status = JSON.parse((await windops("local", "status", "--json", ...where)).stdout);
  expect(status).toMatchObject({ running: true, torn: 0, services: expect.arrayContaining(["kinesis", "dynamodb"]) });
  expect(JSON.stringify(status)).not.toContain(readState(stateDir)!.token);
  const asked = await windops("local", "reset", ...where);
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("--yes")]);
  const reset = await windops("local", "reset", "--yes", "--json", ...where);
  expect(JSON.parse(reset.stdout)).toMatchObject({ removed: true, restarted: true });
  expect((await windops("local", "down", ...where)).stdout).toBe("Stopped.\n");
  expect((await windops("local", "down", ...where)).stdout).toBe("It was not running.\n");
  expect(existsSync(join(stateDir, "stack.json"))).toBe(true);
  expect(readFileSync(join(stateDir, "stack.log"), "utf8")).toContain("ready on");
  await windops("local", "reset", "--yes", ...where);
  expect(readdirSync(stateDir)).toEqual(["lock"]);
  const inbox = await windops("local", "inbox", "--json", ...where);
  expect([inbox.code, JSON.parse(inbox.stdout).error.code]).toEqual([1, "E_STACK_DOWN"]);
});
