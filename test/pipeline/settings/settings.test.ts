import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { WindopsError } from "../../../src/io/errors/errors.ts";
import { names } from "../../../src/pipeline/settings/config.ts";
import { loadSettings } from "../../../src/pipeline/settings/settings.ts";
import { chooseTarget } from "../../../src/pipeline/settings/target.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windops-settings-"));
});

const write = (content: unknown) =>
  writeFileSync(join(folder, "windops.json"), typeof content === "string" ? content : JSON.stringify(content));

function failing(run: () => unknown): WindopsError {
  try {
    run();
  } catch (error) {
    return error as WindopsError;
  }
  throw new Error("it didn't fail");
}

describe("settings", () => {
  test("come from windops.json above the working directory, then variables, then flags", () => {
    write({ region: "eu-west-1", prefix: "file-", minScore: 3, shards: 2 });
    const inner = join(folder, "a", "b");
    mkdirSync(inner, { recursive: true });
    const settings = loadSettings({ WINDOPS_PREFIX: "env-", WINDOPS_MIN_SCORE: "4" }, inner, { prefix: "flag-" });
    expect(settings).toMatchObject({ region: "eu-west-1", prefix: "flag-", minScore: 4, shards: 2, target: "local" });
  });

  test.each([
    ["a file that isn't JSON", "{", {}, "E_CONFIG_JSON", "windops.json"],
    ["a file that holds no object", "[]", {}, "E_CONFIG_JSON", "windops.json"],
    ["an unknown key", { regoin: "x" }, {}, "E_CONFIG_VALUE", 'windops.json: "regoin"'],
    ["an unknown name", { names: { buket: "x" } }, {}, "E_CONFIG_VALUE", 'windops.json: "names.buket"'],
    ["a wrong type", { shards: "two" }, {}, "E_CONFIG_VALUE", 'windops.json: "shards"'],
    ["a wrong prefix", { prefix: "Upper_" }, {}, "E_CONFIG_VALUE", 'windops.json: "prefix"'],
    ["a wrong duration", { quiet: "soon" }, {}, "E_CONFIG_VALUE", 'windops.json: "quiet"'],
    ["a wrong variable", {}, { WINDOPS_MIN_SCORE: "high" }, "E_CONFIG_VALUE", "WINDOPS_MIN_SCORE"],
    ["a wrong address among several", {}, { WINDOPS_EMAIL: "a@b.org,nobody" }, "E_CONFIG_VALUE", "WINDOPS_EMAIL"],
  ])("refuse %s, naming the place and the fix", (_, file, env, code, place) => {
    write(file);
    const error = failing(() => loadSettings(env, folder, {}));
    expect(error).toMatchObject({ code, exitCode: 2 });
    expect(error.message).toContain(place);
    expect(error.hint).toBeTruthy();
  });

  test("a file named with --config has to exist", () => {
    const error = failing(() => loadSettings({}, folder, { config: "absent.json" }));
    expect(error).toMatchObject({ code: "E_CONFIG_READ" });
  });
});

test.each([{ quiet: "0s" }, { quiet: "999ms" }, { proveEvery: "7d" }])(
  "%j is refused: no anomaly would ever be told, no alarm could be made",
  (content) => {
    write(content);
    expect(failing(() => loadSettings({}, folder, {})).message).toContain(Object.keys(content)[0]);
  },
);

describe("target", () => {
  test("an endpoint without a scheme is the caller's mistake", () => {
    const settings = loadSettings({}, folder, {});
    expect(failing(() => chooseTarget(settings, { AWS_ENDPOINT_URL: "localhost:4566" }, {})).code).toBe("E_USAGE");
  });

  const choose = (file: object, env: NodeJS.ProcessEnv, flags: Parameters<typeof chooseTarget>[2] = {}) => {
    write(file);
    return chooseTarget(loadSettings(env, folder, flags), env, flags);
  };

  test.each([
    ["nothing said", {}, {}, {}, { kind: "local", region: "us-east-1" }],
    [
      "AWS variables alone",
      {},
      { AWS_PROFILE: "p", AWS_REGION: "eu-west-1" },
      {},
      { kind: "local", region: "us-east-1" },
    ],
    [
      "aws in the file",
      { target: "aws" },
      { AWS_PROFILE: "p", AWS_REGION: "eu-west-1" },
      {},
      { kind: "aws", region: "eu-west-1", profile: "p" },
    ],
    ["--profile", {}, {}, { profile: "prod" }, { kind: "aws", profile: "prod" }],
    [
      "--local over the file",
      { target: "aws", profile: "p" },
      {},
      { local: true },
      { kind: "local", region: "us-east-1" },
    ],
    ["--local over AWS_ENDPOINT_URL", {}, { AWS_ENDPOINT_URL: "http://x:1" }, { local: true }, { kind: "local" }],
    ["AWS_ENDPOINT_URL", {}, { AWS_ENDPOINT_URL: "http://x:1" }, {}, { kind: "endpoint", endpoint: "http://x:1" }],
    [
      "a loopback endpoint reads no AWS_PROFILE",
      {},
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_PROFILE: "p" },
      {},
      { kind: "endpoint", profile: undefined },
    ],
    [
      "settings before the SDK's variables",
      { region: "sa-east-1" },
      { AWS_REGION: "eu-west-1" },
      { aws: true },
      { kind: "aws", region: "sa-east-1" },
    ],
  ])("%s", (_, file, env, flags, expected) => {
    expect(choose(file, env, flags)).toMatchObject(expected);
  });

  test("AWS behind an endpoint URL still has to be chosen", () => {
    const env = { AWS_ENDPOINT_URL: "https://kinesis.us-east-1.amazonaws.com" };
    expect(failing(() => choose({}, env)).exitCode).toBe(2);
    expect(choose({}, env, { aws: true }).kind).toBe("endpoint");
  });

  test("--local and --aws exclude each other", () => {
    expect(failing(() => choose({}, {}, { local: true, aws: true })).exitCode).toBe(2);
  });
});

describe("names", () => {
  test("are the contract's", () => {
    expect(names({ prefix: "", region: "us-east-1" }, "123456789012")).toEqual({
      pipeline: "windops",
      bucket: "kinesis-flink-123456789012-us-east-1",
      jarKey: "AnomalyDetection.jar",
      inputStream: "WindDataStream",
      outputStream: "AnomalyDetectionStream",
      application: "AnomalyDetection",
      destinationFunction: "AnalyticsDestinationFunction",
      deliveryFunction: "AnomalyMessageDeliveryFunction",
      table: "WindDataTable",
      topic: "AnomalyNotification",
    });
  });

  test("all have the prefix, and a bucket of the longest prefix and region has no more than 63 letters", () => {
    const { jarKey: _, ...all } = names({ prefix: "abcdefghijklmnopqrs-", region: "ap-southeast-3" }, "123456789012");
    expect(Object.values(all).every((name) => name.startsWith("abcdefghijklmnopqrs-"))).toBe(true);
    expect(all.bucket.length).toBeLessThanOrEqual(63);
    expect(all.deliveryFunction.length).toBeLessThanOrEqual(64);
  });
});
