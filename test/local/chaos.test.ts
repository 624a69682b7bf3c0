import { Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { expect, test } from "vitest";
import { Chaos, type ChaosFile, parseChaos } from "../../src/local/chaos.ts";
import type { Call } from "../../src/local/service.ts";
import { clientOptions, temporaryStack } from "./stack-fixture.ts";

const call = (service: string, operation: string) => ({ service, operation }) as Call;
const outcomes = async (chaos: Chaos, n: number, made = () => call("kinesis", "PutRecords")) => {
  const all = [];
  for (let i = 0; i < n; i++) {
    const outcome = await chaos.before(made());
    all.push(outcome === undefined ? "ok" : outcome === "drop" ? "drop" : outcome.code);
  }
  return all;
};
const error = { code: "ProvisionedThroughputExceededException" };

test.each<[string, ChaosFile["rules"][number], string[]]>([
  ["the nth call", { nth: 2, error }, ["ok", error.code, "ok", "ok"]],
  ["several", { nth: [1, 4], drop: "before" }, ["drop", "ok", "ok", "drop"]],
  ["the first so many", { times: 2, error }, [error.code, error.code, "ok", "ok"]],
  ["another service's", { service: "lambda", error }, ["ok", "ok", "ok", "ok"]],
  ["another call", { operation: "GetRecords", error }, ["ok", "ok", "ok", "ok"]],
  ["none by chance 0", { probability: 0, error }, ["ok", "ok", "ok", "ok"]],
])("%s", async (_name, rule, expected) => {
  expect(await outcomes(new Chaos({ rules: [rule] }), 4)).toEqual(expected);
});

test("the same seed hits the same calls, about as often as said", async () => {
  const file = (seed: number) => ({ seed, rules: [{ probability: 0.3, error }] });
  const [a, b, c] = [
    await outcomes(new Chaos(file(1)), 1000),
    await outcomes(new Chaos(file(1)), 1000),
    await outcomes(new Chaos(file(2)), 1000),
  ];
  expect(a).toEqual(b);
  expect(a).not.toEqual(c);
  const hits = a.filter((o) => o !== "ok").length;
  expect(hits).toBeGreaterThan(240);
  expect(hits).toBeLessThan(360);
});

test("what isn't known everywhere yet: a call fails for a while after another one", async () => {
  let now = 1_000_000;
  const after = { service: "iam", operation: "CreateRole" };
  const rule = { service: "lambda", after, within: 5000, error: { code: "InvalidParameterValueException" } };
  const chaos = new Chaos({ rules: [rule] }, () => now);
  const make = async () => (await outcomes(chaos, 1, () => call("lambda", "CreateFunction")))[0];
  expect(await make()).toBe("ok");
  await chaos.before(call("iam", "CreateRole"));
  expect(await make()).toBe("InvalidParameterValueException");
  now += 5001;
  expect(await make()).toBe("ok");
});

test.each([
  ["nonsense", /not JSON/],
  ["{}", /needs "rules"/],
  ['{"rules":[{}]}', /rule 1: it does nothing/],
  ['{"rules":[{"drop":"before"},{"dorp":1}]}', /rule 2: unknown field "dorp"/],
  ['{"rules":[{"drop":"later"}]}', /drop is before or after/],
  ['{"rules":[{"drop":"before","probability":2}]}', /probability must be from 0 to 1/],
  ['{"rules":[{"drop":"before","nth":0}]}', /nth must be/],
  ['{"rules":[{"drop":"before","within":1}]}', /after and within go together/],
  ['{"rules":[{"error":{}}]}', /error needs a code/],
  ['{"rules":[{"delay":"1s"}]}', /delay must be milliseconds/],
])("a wrong file is refused and says where: %s", (text, message) => {
  expect(() => parseChaos(text, "chaos.json")).toThrow(message);
});

test("over the wire: a throttle is tried again, a lost answer took effect, a lost call didn't", async () => {
  const rules: ChaosFile["rules"] = [
    {
      service: "kinesis",
      operation: "CreateStream",
      nth: 1,
      error: { code: "LimitExceededException", message: "Rate exceeded" },
    },
    { service: "kinesis", operation: "AddTagsToStream", nth: 1, drop: "after" },
    { service: "kinesis", operation: "AddTagsToStream", nth: 2, drop: "before" },
  ];
  const stack = await temporaryStack({ chaos: { seed: 1, rules } });
  const options = { ...clientOptions(stack.endpoint), requestHandler: new NodeHttpHandler() };
  const once = new Kinesis({ ...options, maxAttempts: 1 });
  const retrying = new Kinesis({ ...options, maxAttempts: 3 });
  await retrying.createStream({ StreamName: "c", ShardCount: 1 });
  await expect(once.addTagsToStream({ StreamName: "c", Tags: { after: "1" } })).rejects.toThrow();
  await expect(once.addTagsToStream({ StreamName: "c", Tags: { before: "1" } })).rejects.toThrow();
  expect((await once.listTagsForStream({ StreamName: "c" })).Tags!.map((t) => t.Key)).toEqual(["after"]);
  const { hits } = (await (await fetch(`${stack.endpoint}/_windops/chaos`)).json()) as { hits: number };
  expect(hits).toBe(3);
  once.destroy();
  retrying.destroy();
  await stack.close();
});
