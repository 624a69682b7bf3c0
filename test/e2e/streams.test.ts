import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { marshal } from "../../src/contract/item.ts";
import { rowItem } from "../../src/contract/row.ts";
import { clients, contents, until } from "../local/pipeline-fixture.ts";
import { clientOptions } from "../local/stack-fixture.ts";
import { finished, Machine, says } from "./windops.ts";

const machine = new Machine();
beforeAll(async () => {
  await machine.run("local", "up", "--port", "0");
  await machine.run("create-streams");
});
afterAll(() => machine.close());

const lines = (text: string) => text.trim().split("\n");

describe("pipes", () => {
  it("an endless writer ends cleanly when its reader has gone", async () => {
    const child = machine.start("simulate", "--out", "-", "--rate", "max");
    await says(child.stdout, /\n/);
    child.stdout.destroy();
    expect((await finished(child)).code).toBe(0);
  });

  it("results go to stdout, everything else to stderr, without escape codes", async () => {
    const { code, stdout, stderr } = await machine.run(
      "simulate",
      "--duration",
      "1s",
      "--turbines",
      "20",
      "--seed",
      "9",
    );
    expect({ code, lines: lines(stdout).length }).toEqual({ code: 0, lines: 1 });
    expect(stdout).toMatch(/^20 readings of 20 turbines acknowledged by WindDataStream/);
    expect(stderr).toMatch(
      /^Target: embedded stack http:\/\/127\.0\.0\.1:\d+, account 000000000000, region us-east-1\n$/,
    );
  });

  it("--json is one document", async () => {
    const result = await machine.json("simulate", "--duration", "1s", "--turbines", "5", "--seed", "9");
    expect(result).toMatchObject({
      stream: "WindDataStream",
      acknowledged: 5,
      seed: 9,
      anomalies: [],
      interrupted: false,
    });
  });

  it("what simulate writes, replay reads, and tail shows again", async () => {
    const args = ["--anomalies", "2", "--turbines", "4", "--seed", "3", "--labels", "labels.jsonl"];
    const file = await machine.run("simulate", ...args, "--out", "wind.jsonl");
    expect(file.code).toBe(0);
    const written = lines(readFileSync(join(machine.home, "wind.jsonl"), "utf8")).map((line) => JSON.parse(line));
    expect(Object.keys(written[0])).toEqual(["turbineId", "location", "speed", "timestamp"]);
    const labels = lines(readFileSync(join(machine.home, "labels.jsonl"), "utf8")).map((line) => JSON.parse(line));
    expect(new Set(labels.map(({ kind }) => kind))).toEqual(new Set(["gust", "storm"]));
    const started = new Date().toISOString();
    const replayed = await machine.json("replay", "wind.jsonl", "--location", "location", "--aggregate");
    expect(replayed).toMatchObject({ acknowledged: written.length, readings: written.length, turbines: 4 });
    const { stdout } = await machine.run(
      "tail",
      "WindDataStream",
      "--since",
      started,
      "--limit",
      String(written.length),
    );
    const order = (rows: { timestamp: string; turbineId: string }[]) =>
      rows.toSorted((a, b) => (a.timestamp + a.turbineId < b.timestamp + b.turbineId ? -1 : 1));
    expect(order(lines(stdout).map((line) => JSON.parse(line)))).toEqual(order(written));
  });

  it("rows from stdin", async () => {
    const child = machine.start("replay", "-", "--json");
    child.stdin.end("turbineId;timestamp;speed\nA;2020-01-01 00:00;5,5\nA;2020-01-01 00:10;\n");
    expect(JSON.parse((await finished(child)).stdout)).toMatchObject({ rows: 2, acknowledged: 1, withoutSpeed: 1 });
  });

  it("nothing from a record steers the terminal, or a spreadsheet", async () => {
    const names = [
      "\u001b]0;x\u0007",
      "<script>",
      '=HYPERLINK("//evil")',
      "two\nlines",
      "\u202egnp.exe\u200b",
      "\u009b31m",
    ];
    const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/;
    const readings = names.map((turbineId) => ({ turbineId, timestamp: "2020-01-01T00:00:00.000Z", speed: 40 }));
    writeFileSync(join(machine.home, "evil.jsonl"), readings.map((reading) => JSON.stringify(reading)).join("\n"));
    const started = new Date().toISOString();
    await machine.run("replay", "evil.jsonl");
    await machine.run("create-table");
    const dynamodb = new DynamoDBClient(clientOptions(await machine.endpoint()));
    for (const { turbineId, timestamp, speed } of readings) {
      const row = { turbineId, timestamp, location: turbineId, speed, score: 9, rcfScore: 5, more: {} };
      await dynamodb.send(new PutItemCommand({ TableName: "WindDataTable", Item: marshal(rowItem(row, 2)) }));
    }
    const prints = async (...args: string[]) => {
      const { code, stdout, stderr } = await machine.run(...args);
      expect({ args, code, stdout: stdout.match(steering), stderr: stderr.match(steering) }).toEqual({
        args,
        code: 0,
        stdout: null,
        stderr: null,
      });
      return stdout;
    };
    const turbines = (found: { turbineId: string }[]) => found.map(({ turbineId }) => turbineId).sort();
    const sorted = names.toSorted();
    const ndjson = (text: string) => lines(text).map((line) => JSON.parse(line));
    expect(turbines(ndjson(await prints("tail", "WindDataStream", "--since", started, "--limit", "6")))).toEqual(
      sorted,
    );
    expect(turbines(JSON.parse(await prints("scan", "--json")))).toEqual(sorted);
    expect(turbines(ndjson(await prints("scan", "--stream")))).toEqual(sorted);
    // The heading, and a line each: a name can't make up a row of its own.
    expect(lines(await prints("scan"))).toHaveLength(1 + names.length);
    const csv = lines(await prints("scan", "--csv"));
    expect(csv).toHaveLength(1 + names.length);
    expect(csv.filter((line) => /(^|,)"?[=+@-]/.test(line))).toEqual([]);
  });
});

it("a tail goes on over a restart of the stack", async () => {
  const child = machine.start("tail", "WindDataStream", "--since", "start");
  let text = "";
  child.stdout.on("data", (data) => {
    text += data;
  });
  await says(child.stdout, /\n/);
  await machine.run("local", "down");
  await machine.run("local", "up");
  const { acknowledged } = await machine.json(
    "simulate",
    "--duration",
    "1s",
    "--turbines",
    "3",
    "--start",
    "2031-01-01T00:00:00Z",
  );
  await until(() => text.split('"2031-01-01').length - 1 === acknowledged, "the readings from after the restart");
  child.kill("SIGINT");
  expect((await finished(child)).code).toBe(130);
  const keys = lines(text)
    .map((line) => JSON.parse(line))
    .map((r) => `${r.turbineId} ${r.timestamp}`);
  expect(new Set(keys).size).toBe(keys.length);
});

describe("Ctrl-C", () => {
  it("ends with the request in hand, says how to go on, and --resume goes on there", async () => {
    const started = new Date().toISOString();
    const child = machine.start(
      "simulate",
      "--duration",
      "4s",
      "--turbines",
      "10",
      "--rate",
      "50/s",
      "--seed",
      "4",
      "--json",
    );
    await says(child.stderr, /"done":[1-9]/);
    child.kill("SIGINT");
    const first = await finished(child);
    expect(first.code).toBe(130);
    const before = JSON.parse(first.stdout);
    expect(before).toMatchObject({ interrupted: true, resume: "windops simulate --resume" });
    const after = await machine.json("simulate", "--resume");
    expect(before.acknowledged + after.acknowledged).toBe(200);
    const { stdout } = await machine.run("tail", "WindDataStream", "--since", started, "--limit", "200");
    const keys = lines(stdout)
      .map((line) => JSON.parse(line))
      .map((r) => `${r.turbineId} ${r.timestamp}`);
    expect(new Set(keys).size).toBe(200);
    // Nothing is left to resume.
    expect((await machine.run("simulate", "--resume")).stderr).toContain("E_NO_RESUME");
  });

  it.each([
    ["simulate", ["--duration", "4s", "--seed", "5", "--start", "2032-01-01T00:00:00Z"], [], "2032"],
    ["replay", ["killed.jsonl"], ["killed.jsonl"], "2033"],
  ] as const)(
    "a %s that was killed: what it counted is there, and --resume loses nothing and sends little again",
    async (command, args, again, year) => {
      const load = ["--turbines", "10", "--rate", "100/s"];
      if (command === "replay") {
        const wind = ["--duration", "4s", "--seed", "5", "--start", "2033-01-01T00:00:00Z"];
        await machine.run("simulate", ...load, ...wind, "--out", "killed.jsonl");
      }
      const there = async () => {
        const texts = await contents(clients(await machine.endpoint()), "WindDataStream");
        // Aggregated records of another run lie there too.
        const readings = texts.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text));
        return readings.map((r) => `${r.turbineId} ${r.timestamp}`).filter((key) => key.includes(` ${year}-`));
      };
      const child = machine.start(command, ...args, ...(command === "replay" ? ["--rate", "100/s"] : load), "--json");
      const end = finished(child);
      await says(child.stderr, /"done":[1-9]\d\d/);
      child.kill("SIGKILL");
      const counted = Number([...(await end).stderr.matchAll(/"done":(\d+)/g)].at(-1)![1]);
      const before = await there();
      expect(new Set(before).size).toBeGreaterThanOrEqual(counted);
      expect(before.length).toBeLessThan(400);

      const after = await machine.json(command, ...again, "--resume");
      const readings = await there();
      expect(new Set(readings).size).toBe(400);
      // Each is counted when the stream has it, and never twice in one run: what came about after the kill is what the second counts.
      expect(readings.length - before.length).toBe(after.acknowledged);
      // What was sent again is what the last half second's note didn't have yet.
      expect(readings.length).toBeLessThan(500);
    },
  );

  it("ends a tail with 130", async () => {
    const child = machine.start("tail", "WindDataStream", "--since", "start");
    await says(child.stdout, /\n/);
    child.kill("SIGINT");
    expect((await finished(child)).code).toBe(130);
  });
});

describe("tail --efo", () => {
  const consumer = /Consumer (windops-tail-[0-9a-f]{8}) of WindDataStream/;

  it("deregisters its consumer at Ctrl-C and when its reader has gone; a killed one's is taken over", async () => {
    const killed = machine.start("tail", "WindDataStream", "--efo");
    const [, name] = consumer.exec(await says(killed.stderr, consumer))!;
    killed.kill("SIGKILL");
    await finished(killed);

    const interrupted = machine.start("tail", "WindDataStream", "--efo");
    const said = await says(interrupted.stderr, consumer);
    expect(said).toContain(`Using ${name}, which a run that was killed has left registered.`);
    expect(consumer.exec(said)![1]).toBe(name);
    interrupted.kill("SIGINT");
    expect((await finished(interrupted)).code).toBe(130);

    const piped = machine.start("tail", "WindDataStream", "--efo", "--since", "start");
    const other = consumer.exec(await says(piped.stderr, consumer))![1];
    expect(other).not.toBe(name);
    piped.stdout.destroy();
    expect((await finished(piped)).code).toBe(0);
    const listed = await fetch(await machine.endpoint(), {
      method: "POST",
      headers: { "x-amz-target": "Kinesis_20131202.ListStreamConsumers", "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify({ StreamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/WindDataStream" }),
    });
    const { Consumers } = (await listed.json()) as { Consumers: { ConsumerStatus: string }[] };
    expect(Consumers.filter(({ ConsumerStatus }) => ConsumerStatus !== "DELETING")).toEqual([]);
  }, 120_000);
});
