import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

// The examples as somebody has them who installed the packed package. What they need besides is linked, not downloaded.
const root = resolve(import.meta.dirname, "..");
const work = mkdtempSync(join(tmpdir(), "windops-examples-"));
const windops = join(work, "node_modules/windops/bin/windops.js");
const env = { PATH: process.env.PATH, HOME: work, NO_COLOR: "1", WINDOPS_STATE_DIR: join(work, "state") };
const example = (name: string) => join(work, "examples", name);

async function node(cwd: string, args: string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: { ...env, ...more } }).catch(
    (error) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    },
  );
  return stdout;
}

beforeAll(async () => {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", work], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  const modules = join(work, "node_modules");
  mkdirSync(join(modules, "windops"), { recursive: true });
  execFileSync("tar", ["-xzf", join(work, packed.filename), "--strip-components=1", "-C", join(modules, "windops")]);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!existsSync(join(modules, name)) && !name.startsWith("."))
      symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  cpSync(join(modules, "windops/examples"), join(work, "examples"), { recursive: true });
});

afterAll(async () => {
  await node(work, [windops, "local", "down"]);
  rmSync(work, { recursive: true, force: true });
});

it("embed-in-vitest: a suite with the pipeline in its own process", { timeout: 180_000 }, async () => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const output = await node(example("embed-in-vitest"), [vitest, "run", "--reporter=json"]);
  const { numPassedTests, numFailedTests } = JSON.parse(output);
  expect({ numPassedTests, numFailedTests }).toEqual({ numPassedTests: 1, numFailedTests: 0 });
});

it("score-scada: finds the pulse that all turbines of a real farm saw", async () => {
  const file = resolve(root, "../shared/data/wind/marge_20200227_20200229.csv.gz");
  const columns = ["--time", "dtTimeStamp", "--speed", "WindSpeedMean", "--turbine", "TurbineName"];
  const found = (await node(example("score-scada"), ["score.js", file, ...columns]))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const pulse = found.filter(({ time }) => time === "2020-02-29T14:20:00.000Z");
  expect(new Set(pulse.map(({ turbine }) => turbine)).size).toBeGreaterThanOrEqual(7);
});

it("alert-channels: a chat and a phone are told once of an anomaly", { timeout: 180_000 }, async () => {
  const posts: { path?: string; body: string }[] = [];
  const receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    posts.push({ path: request.url, body });
    response.end();
  });
  await new Promise<void>((ready) => receiver.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  try {
    await node(work, [windops, "setup"]);
    const { endpoint } = JSON.parse(await node(work, [windops, "local", "status", "--json"]));
    const aws = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: "any", AWS_SECRET_ACCESS_KEY: "any" };
    const folder = example("alert-channels");
    await node(folder, ["subscribe.js", "slack", `${url}/chat`], aws);
    await node(folder, ["subscribe.js", "sms", `${url}/phone`, "+15550100"], aws);
    // A second time changes nothing.
    await node(folder, ["subscribe.js", "slack", `${url}/chat`], aws);
    const { anomalies } = JSON.parse(await node(work, [windops, "simulate", "--anomalies", "1", "--json"]));
    const turbine = anomalies[0].turbineId;
    const of = (path: string) => posts.filter((post) => post.path === path).map(({ body }) => body);
    await vi.waitFor(() => expect([of("/chat").length, of("/phone").length]).toEqual([1, 1]), { timeout: 60_000 });
    expect(JSON.parse(of("/chat")[0]!).text).toMatch(new RegExp(`Abnormal Wind Turbine Speed Detected[^]*${turbine}`));
    const sms = new URLSearchParams(of("/phone")[0]!);
    expect(sms.get("To")).toBe("+15550100");
    expect(sms.get("Body")).toMatch(new RegExp(`^Abnormal wind at ${turbine}, .+: score \\d`));
  } finally {
    receiver.close();
  }
});
