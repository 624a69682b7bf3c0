import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readInbox } from "../../src/operate/inbox.ts";
import { until } from "../local/pipeline-fixture.ts";
import { filesIn, leaks } from "./leaks.ts";
import { Machine } from "./windops.ts";

const machine = new Machine();
afterAll(() => machine.close());

const CANARIES = {
  AWS_SECRET_ACCESS_KEY: "canarySecretKey0000000000000000000000000",
  AWS_SESSION_TOKEN: "canarySessionToken",
  password: "canaryMailPassword",
};

it("no secret is in anything that commands print, log or leave on the disk", async () => {
  const { password, ...credentials } = CANARIES;
  Object.assign(machine.env, { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", ...credentials });
  Object.assign(machine.env, { WINDOPS_EMAIL: "operator@example.org" });
  // Nobody listens there: the mail waits on disk, and why is logged.
  machine.env.WINDOPS_SMTP_URL = `smtp://operator:${password}@127.0.0.1:1`;
  const printed: string[] = [];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await machine.run(...args, "--verbose");
    printed.push(stdout, stderr);
    return code;
  };
  expect(await run("setup", "--port", "0")).toBe(0);
  await run("local", "inbox", "--confirm");
  expect(await run("prove", "--json")).toBe(0);
  const endpoint = await machine.endpoint();
  const aws = ["--aws", "--region", "us-east-1", "--endpoint-url"];
  await run("status", ...aws, endpoint, "--json");
  await run("doctor", ...aws, endpoint);
  expect(await run("scan", ...aws, "http://127.0.0.1:1", "--json")).toBe(1);
  expect(await run("local", "status", "--json")).toBe(0);
  const log = join(machine.home, "state/stack.log");
  await until(() => readFileSync(log, "utf8").includes("SMTP: mail"), "a mail that couldn't be sent, in the log");
  printed.push(JSON.stringify(await readInbox(endpoint)));
  await machine.run("local", "down");

  const files = filesIn(machine.home);
  expect(files.length).toBeGreaterThan(10);
  expect(leaks([...printed, ...files], CANARIES)).toEqual([]);
  // The same look finds a secret that is there.
  writeFileSync(
    join(machine.home, "state/planted.log"),
    `AUTH PLAIN ${Buffer.from(`\0me\0${password}`).toString("base64")}`,
  );
  expect(leaks(filesIn(machine.home), CANARIES)).toEqual([expect.stringMatching(/^password: planted\.log/)]);
}, 180_000);
