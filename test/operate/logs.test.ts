import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { logLines, logParts } from "../../src/operate/logs.ts";
import { clientOptions } from "../local/stack-fixture.ts";
import { testPipeline, testStack } from "../pipeline/provisioned.ts";

let stack: Awaited<ReturnType<typeof testStack>>;
let logs: CloudWatchLogsClient;
let session: ReturnType<typeof testPipeline>["session"];
const now = Date.now();

beforeAll(async () => {
  stack = await testStack();
  logs = new CloudWatchLogsClient(clientOptions(stack.endpoint));
  session = testPipeline(stack.endpoint).session;
  for (const { group } of logParts(session).slice(0, 2)) {
    await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
    for (const logStreamName of ["one", "two"])
      await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName }));
  }
});
afterAll(() => stack.close());

const put = (part: number, logStreamName: string, ...events: [timestamp: number, message: string][]) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName: logParts(session)[part]!.group,
      logStreamName,
      logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
    }),
  );

const options = (rest: Partial<Parameters<typeof logLines>[0]> = {}) => ({
  logs,
  parts: logParts(session),
  since: now - 3_600_000,
  follow: false,
  signal: new AbortController().signal,
  wallClock: Date.now,
  poll: 1,
  now: () => performance.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
  ...rest,
});

async function all(rest?: Partial<Parameters<typeof logLines>[0]>) {
  const messages: string[] = [];
  for await (const { message } of logLines(options(rest))) messages.push(message);
  return messages;
}

it("says that there is no log where no part has one", async () => {
  await expect(all({ parts: logParts(session, "AnomalyMessageDeliveryFunction") })).rejects.toMatchObject({
    code: "E_STEP_MISSING",
  });
});

it("reads every page of every part, in the order of time, and leaves out a part that has no log yet", async () => {
  const times = Array.from({ length: 300 }, (_, i) => now - 600_000 + i * 10);
  const big = "x".repeat(9_000);
  // Three megabytes: more pages than one in each group.
  await put(0, "one", ...times.slice(0, 100).map((t): [number, string] => [t, `${t} ${big}`]));
  await put(0, "two", ...times.slice(50, 150).map((t): [number, string] => [t, `${t} two ${big}`]));
  await put(1, "one", ...times.slice(200, 300).map((t): [number, string] => [t - 1500, `${t - 1500} fn ${big}`]));
  const messages = await all();
  expect(messages).toHaveLength(300);
  const stamps = messages.map((message) => Number(message.split(" ")[0]));
  expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  expect(await all({ since: now - 600_000 + 1_490 })).toHaveLength(
    messages.length - stamps.filter((t) => t < now - 600_000 + 1_490).length,
  );
  expect(await all({ filter: '"two"' })).toHaveLength(100);
});

it("follows without a gap or a repeat, also what comes late", async () => {
  const stop = new AbortController();
  const since = now + 1000;
  let passes = 0;
  const messages: string[] = [];
  const sleep = async () => {
    passes++;
    if (passes === 1) await put(0, "one", [since + 2000, "first"], [since + 2000, "same moment"]);
    // Ten seconds older than what has been shown, and of another part.
    if (passes === 2) await put(1, "one", [since + 1, "late"]);
    if (passes === 3) await put(1, "two", [since + 2000, "same moment"], [since + 3000, "last\n"]);
    if (passes === 6) stop.abort();
  };
  for await (const { message } of logLines(options({ since, follow: true, signal: stop.signal, sleep })))
    messages.push(message);
  expect(messages).toEqual(["first", "same moment", "late", "same moment", "last"]);
});

it.each([
  ["flink", "flink"],
  ["AnomalyDetection", "flink"],
  ["AnalyticsDestinationFunction", "AnalyticsDestinationFunction"],
])("finds the part called %s", (wanted, name) => {
  expect(logParts(session, wanted).map((part) => part.name)).toEqual([name]);
});

it("names the parts where nothing is called so", () => {
  expect(() => logParts(session, "fink")).toThrow(/"fink"/);
});
