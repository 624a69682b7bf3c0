import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../src/commands/index.ts";
import { Machine } from "./windops.ts";

const machine = new Machine();
afterAll(() => machine.close());

describe("without a stack", () => {
  it("every command has its help", async () => {
    const names = Object.keys(commands);
    const all = await machine.run("--help");
    expect(all.code).toBe(0);
    for (const name of names) expect(all.stdout).toContain(`  ${name} `);
    for (const name of names) {
      const { code, stdout, stderr } = await machine.run(name, "--help");
      expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: "" });
      expect(stdout).toContain(`Usage: windops ${name}`);
    }
  });

  it.each<[string, string[], number, string, RegExp]>([
    ["an unknown command", ["simulat"], 2, "E_USAGE", /'simulat' .*\n {2}Did you mean .*simulate/],
    ["an unknown flag", ["scan", "--minscore", "2"], 2, "E_USAGE", /'--minscore' .*\n {2}Did you mean --min-score\?/],
    ["a threshold of 0", ["setup", "--min-score", "0"], 2, "E_USAGE", /--min-score takes a number > 0/],
    ["an anomaly that never ends", ["setup", "--quiet", "0s"], 2, "E_USAGE", /--quiet takes 1s or longer/],
    ["an empty folder", ["status", "--state-dir", ""], 2, "E_USAGE", /--state-dir takes a folder/],
    ["a flag's bad value", ["scan", "--min-score", "high"], 2, "E_USAGE", /--min-score takes a number/],
    ["a bad rate", ["simulate", "--rate", "fast"], 2, "E_USAGE", /--rate takes a rate/],
    ["an unknown kind of anomaly", ["simulate", "--kinds", "gust,tornado"], 2, "E_USAGE", /tornado/],
    [
      "anomalies that don't fit",
      ["simulate", "--anomalies", "50", "--duration", "10s", "--out", "x"],
      2,
      "E_USAGE",
      /need \d+ s/,
    ],
    ["a missing argument", ["tail"], 2, "E_USAGE", /stream/],
    ["no such file", ["replay", "nowhere.csv"], 1, "E_NO_FILE", /nowhere\.csv/],
    [
      "a file that can't be written",
      ["simulate", "--duration", "1s", "--out", "no/such/folder"],
      1,
      "E_OUT",
      /no\/such\/folder/,
    ],
    ["a state folder under a file", ["local", "up", "--state-dir", "/dev/null/x"], 1, "E_FOLDER", /\/dev\/null\/x/],
    ["one that can't be made, ever", ["local", "up", "--state-dir", "/proc/nope"], 1, "E_FOLDER", /\/proc\/nope/],
    ["one that takes no file", ["local", "reset", "--yes", "--state-dir", "/proc"], 1, "E_FOLDER", /\/proc/],
    ["no stack", ["local", "inbox"], 1, "E_STACK_DOWN", /local up/],
  ])("%s: says so, as text and as JSON", async (_, args, code, name, message) => {
    const text = await machine.run(...args);
    expect(text).toMatchObject({ code, stdout: "" });
    expect(text.stderr).toMatch(message);
    expect(text.stderr).toContain(`(${name})`);
    expect(text.stderr).not.toMatch(/\u001b|^ {4}at /m);
    const json = await machine.run(...args, "--json");
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout).error).toMatchObject({ code: name, hint: expect.any(String) });
  });

  it("a port that is taken: names it, starts nothing", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await machine.run("local", "up", "--port", String(port));
    await new Promise((done) => server.close(done));
    expect(code).toBe(1);
    expect(stderr).toContain("(E_PORT_TAKEN)");
    expect(stderr).toContain(String(port));
    expect((await machine.run("local", "status")).code).toBe(1);
  });
});

describe("with an empty stack", () => {
  beforeAll(async () => {
    await machine.run("local", "up", "--port", "0");
  });

  it.each<[string, string[], string]>([
    ["tail", ["tail", "NoSuchStream"], "E_NO_STREAM"],
    ["simulate", ["simulate", "--stream", "NoSuchStream", "--duration", "1s"], "E_NO_STREAM"],
    ["replay", ["replay", "good.csv", "--stream", "NoSuchStream"], "E_NO_STREAM"],
    ["scan", ["scan"], "E_NO_TABLE"],
    ["scan --notify", ["scan", "--notify"], "E_NO_FUNCTION"],
    ["simulate --resume", ["simulate", "--resume"], "E_NO_RESUME"],
    ["prove", ["prove"], "E_NO_TABLE"],
  ])("%s on what isn't there", async (_, args, name) => {
    writeFileSync(join(machine.home, "good.csv"), "turbineId,timestamp,speed\nA,2020-01-01,5\n");
    const { code, stdout, stderr } = await machine.run(...args);
    expect(stderr).toContain(`(${name})`);
    expect(stderr).toContain("Target: embedded stack");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  it.each<[string, string, string[], string, RegExp]>([
    ["bad JSON", '{"turbineId":"A"\n', [], "E_ROW", /line 1 isn't JSON/],
    ["a ragged row", "turbineId,timestamp,speed\nA,2020-01-01,5\nB,2020\n", [], "E_ROW", /line 3: 2 cells/],
    ["no such column", "turbineId,timestamp,speed\n1,2,3\n", ["--speed", "ws"], "E_NO_COLUMN", /no column "ws"/],
  ])("replay of %s names file and line", async (_, text, args, name, message) => {
    await machine.run("create-streams");
    writeFileSync(join(machine.home, "rows"), text);
    const { code, stderr } = await machine.run("replay", "rows", ...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(`(${name})`);
  });
});
