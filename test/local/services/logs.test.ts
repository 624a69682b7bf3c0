import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { beforeEach, describe, expect, it } from "vitest";
import { parseFilterPattern } from "../../../src/local/services/logs/filter-pattern.ts";
import { failure, serveStack } from "../serving.ts";

let now = Date.parse("2026-11-23T10:00:00Z");
const local = serveStack({ now: () => now });
let logs: CloudWatchLogsClient;
let logGroupName: string;
let groups = 0;

beforeEach(async () => {
  logs = local.client(CloudWatchLogsClient);
  logGroupName = `/aws/lambda/function-${++groups}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName, tags: { a: "1" } }));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
});

const put = (messages: string[], logStreamName = "s", at = now) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName,
      logStreamName,
      logEvents: messages.map((message, i) => ({ message, timestamp: at + i })),
    }),
  );

async function filter(more: object = {}): Promise<string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page: any = await logs.send(new FilterLogEventsCommand({ logGroupName, nextToken, ...more }));
    found.push(...page.events.map((e: any) => e.message));
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

describe("log groups", () => {
  it("are made once, described, tagged, kept for a time, removed", async () => {
    expect((await failure(logs.send(new CreateLogGroupCommand({ logGroupName })))).name).toBe(
      "ResourceAlreadyExistsException",
    );
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 14 }));
    expect((await failure(logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 15 })))).name).toBe(
      "InvalidParameterException",
    );
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`;
    expect(logGroups).toMatchObject([
      { logGroupName, retentionInDays: 14, arn: `${arn}:*`, logGroupArn: arn, creationTime: now },
    ]);
    await logs.send(new TagResourceCommand({ resourceArn: arn, tags: { b: "2" } }));
    await logs.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ["a"] }));
    expect((await logs.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags).toEqual({ b: "2" });
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
    expect((await failure(logs.send(new DeleteLogGroupCommand({ logGroupName })))).name).toBe(
      "ResourceNotFoundException",
    );
  });

  it("are listed in pages", async () => {
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: any = await logs.send(
        new DescribeLogGroupsCommand({ limit: 1, nextToken, logGroupNamePrefix: "/aws/lambda/function-" }),
      );
      names.push(...page.logGroups.map((g: any) => g.logGroupName));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(names).toContain(logGroupName);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("log events", () => {
  it("come back by stream, in both directions", async () => {
    await put(Array.from({ length: 10 }, (_, i) => `m${i}`));
    const get = (more: object) =>
      logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", limit: 4, ...more }));
    const texts = (page: any) => page.events.map((e: any) => e.message).join();
    const head = await get({ startFromHead: true });
    expect(texts(head)).toBe("m0,m1,m2,m3");
    const next = await get({ nextToken: head.nextForwardToken });
    expect(texts(next)).toBe("m4,m5,m6,m7");
    expect(texts(await get({ nextToken: next.nextBackwardToken }))).toBe("m0,m1,m2,m3");
    const tail = await get({});
    expect(texts(tail)).toBe("m6,m7,m8,m9");
    const end = await get({ nextToken: tail.nextForwardToken });
    expect([end.events, end.nextForwardToken]).toEqual([[], tail.nextForwardToken]);
    await put(["later"], "s", now + 100);
    expect(texts(await get({ nextToken: end.nextForwardToken }))).toBe("later");
  });

  it("are filtered by time, stream and pattern, in pages", async () => {
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "t" }));
    await put(["ERROR one", "INFO two", "ERROR three"]);
    await put(["ERROR elsewhere"], "t", now + 1);
    expect(await filter()).toEqual(["ERROR one", "INFO two", "ERROR elsewhere", "ERROR three"]);
    expect(await filter({ limit: 1 })).toHaveLength(4);
    expect(await filter({ filterPattern: "ERROR" })).toEqual(["ERROR one", "ERROR elsewhere", "ERROR three"]);
    expect(await filter({ logStreamNames: ["t"] })).toEqual(["ERROR elsewhere"]);
    expect(await filter({ startTime: now + 1, endTime: now + 1 })).toEqual(["INFO two", "ERROR elsewhere"]);
  });

  it("survive a restart, and go when their time is up", async () => {
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
    await put(["kept"]);
    await local.restart();
    logs = local.client(CloudWatchLogsClient);
    expect(await filter()).toEqual(["kept"]);
    now += 25 * 3_600_000;
    expect(await filter()).toEqual([]);
    const late = await put(["late"], "s", now - 25 * 3_600_000);
    expect(late.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 });
  });

  it("are refused where CloudWatch Logs refuses them", async () => {
    const send = (logEvents: any[], logStreamName = "s") =>
      failure(logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents })));
    expect(
      (
        await send([
          { timestamp: now, message: "b" },
          { timestamp: now - 1, message: "a" },
        ])
      ).message,
    ).toContain("chronological order");
    expect((await send([])).name).toBe("InvalidParameterException");
    expect((await send([{ timestamp: now, message: "x".repeat(1_048_576) }])).message).toContain("Upload too large");
    expect((await send([{ timestamp: now, message: "x" }], "none")).name).toBe("ResourceNotFoundException");
  });

  it("keep only the newest 64 MB of a group", async () => {
    const message = "x".repeat(1_000_000);
    for (let i = 0; i < 72; i++) await put([`${i} ${message}`], "s", now + i);
    const oldest = await logs.send(new FilterLogEventsCommand({ logGroupName, limit: 1 }));
    expect(Number.parseInt(oldest.events![0]!.message!, 10)).toBeGreaterThan(4);
    expect(Number.parseInt(oldest.events![0]!.message!, 10)).toBeLessThan(20);
    expect((await filter({ startTime: now + 71 }))[0]!.startsWith("71 ")).toBe(true);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    expect(logGroups![0]!.storedBytes).toBeLessThanOrEqual(64 * 2 ** 20);
  });

  it("of a deleted stream don't show in the next of its name", async () => {
    await put(["old"]);
    await logs.send(new DeleteLogStreamCommand({ logGroupName, logStreamName: "s" }));
    expect(await filter()).toEqual([]);
    now += 1;
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
    expect(await filter()).toEqual([]);
  });

  it("move their stream to the front", async () => {
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "a" }));
    await put(["x"], "s", now);
    await put(["y"], "a", now + 5);
    const { logStreams } = await logs.send(
      new DescribeLogStreamsCommand({ logGroupName, orderBy: "LastEventTime", descending: true }),
    );
    expect(logStreams).toMatchObject([
      { logStreamName: "a", lastEventTimestamp: now + 5 },
      { logStreamName: "s", firstEventTimestamp: now },
    ]);
  });
});

describe("filter patterns", () => {
  it.each([
    ["", "anything", true],
    ["ERROR timeout", "ERROR: a timeout", true],
    ["ERROR timeout", "ERROR", false],
    ['"in a row"', "three in a row", true],
    ["?ERROR ?WARN", "WARN", true],
    ["?ERROR ?WARN", "INFO", false],
    ["ERROR -retry", "ERROR retry", false],
    ['{ $.level = "ERROR" }', '{"level":"ERROR"}', true],
    ['{ $.level = "ERR*" && $.n >= 3 }', '{"level":"ERROR","n":3}', true],
    ['{ $.level = "ERR*" && $.n >= 3 }', '{"level":"ERROR","n":2}', false],
    ["{ ($.a = 1 || $.b[0].c = 2) && $.d NOT EXISTS }", '{"b":[{"c":2}]}', true],
    ["{ $.a IS NULL }", '{"a":null}', true],
    ["{ $.a = 1 }", "not JSON", false],
  ])("%s on %s: %s", (pattern, message, matches) => {
    expect(parseFilterPattern(pattern)(message)).toBe(matches);
  });

  it.each(["{ $.a", "{ $.a = }", "[ip, user]", "{ a = 1 }"])("%s isn't one", (pattern) => {
    expect(() => parseFilterPattern(pattern)).toThrow("Invalid filter pattern");
  });
});
