import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack } from "../../src/local/stack.ts";
import { clientOptions, temporaryFolder, temporaryStack } from "./stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  stack = await temporaryStack();
  logs = new CloudWatchLogsClient(clientOptions(stack.endpoint));
});
afterAll(() => stack.close());

const group = { logGroupName: "/aws/lambda/f" };
const name = { ...group, logStreamName: "one" };

describe("CloudWatch Logs", () => {
  it("keeps groups with retention and tags", async () => {
    await logs.send(new CreateLogGroupCommand({ ...group, tags: { a: "1" } }));
    await expect(logs.send(new CreateLogGroupCommand(group))).rejects.toMatchObject({
      name: "ResourceAlreadyExistsException",
    });
    await logs.send(new PutRetentionPolicyCommand({ ...group, retentionInDays: 30 }));
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/aws/lambda" }));
    expect(logGroups).toMatchObject([{ ...group, retentionInDays: 30 }]);
    const resourceArn = logGroups![0]!.arn!.replace(/:\*$/, "");
    expect((await logs.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ a: "1" });
  });

  it("gives back events in order, filtered, and page by page", async () => {
    await logs.send(new CreateLogStreamCommand(name));
    const now = Date.now();
    const logEvents = Array.from({ length: 5 }, (_, i) => ({
      timestamp: now + i,
      message: `line ${i}${i === 3 ? " ERROR" : ""}`,
    }));
    await logs.send(new PutLogEventsCommand({ ...name, logEvents }));
    const { events } = await logs.send(new GetLogEventsCommand({ ...name, startFromHead: true }));
    expect(events!.map((e) => e.message)).toEqual(logEvents.map((e) => e.message));
    const errors = await logs.send(new FilterLogEventsCommand({ ...group, filterPattern: "ERROR" }));
    expect(errors.events!.map((e) => e.message)).toEqual(["line 3 ERROR"]);
    const pages: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await logs.send(new FilterLogEventsCommand({ ...group, limit: 2, nextToken }));
      pages.push(...page.events!.map((e) => e.message!));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(pages).toEqual(logEvents.map((e) => e.message));
  });

  it("forgets a deleted group", async () => {
    await logs.send(new DeleteLogGroupCommand(group));
    await expect(logs.send(new GetLogEventsCommand(name))).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

it("events outlive the stack", async () => {
  const stateDir = temporaryFolder();
  const first = await startStack({ stateDir });
  const before = new CloudWatchLogsClient(clientOptions(first.endpoint));
  await before.send(new CreateLogGroupCommand(group));
  await before.send(new CreateLogStreamCommand(name));
  await before.send(new PutLogEventsCommand({ ...name, logEvents: [{ timestamp: Date.now(), message: "kept" }] }));
  await first.close();
  const second = await temporaryStack({ stateDir });
  const after = new CloudWatchLogsClient(clientOptions(second.endpoint));
  const { events } = await after.send(new GetLogEventsCommand({ ...name, startFromHead: true }));
  expect(events!.map((e) => e.message)).toEqual(["kept"]);
  await second.close();
});
