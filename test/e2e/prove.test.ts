import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  DeleteFunctionCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { unmarshal } from "../../src/contract/item.ts";
import { until } from "../local/pipeline-fixture.ts";
import { clientOptions } from "../local/stack-fixture.ts";
import { finished, Machine, says } from "./windops.ts";

const machine = new Machine();
let options: ReturnType<typeof clientOptions>;

beforeAll(async () => {
  machine.env.WINDOPS_EMAIL = "operator@example.org";
  await machine.json("setup", "--port", "0");
  options = clientOptions(await machine.endpoint());
});
afterAll(() => machine.close());

/** Somebody wants the mails. */
const confirm = () => machine.run("local", "inbox", "--confirm");

/** What proofs have left in both tables. */
async function leftovers(): Promise<string[]> {
  const dynamodb = new DynamoDBClient(options);
  const tables = ["WindDataTable", "WindDataTableAlerts"];
  const pages = await Promise.all(tables.map((TableName) => dynamodb.send(new ScanCommand({ TableName }))));
  return pages.flatMap(({ Items }) => Items!.map((item) => JSON.stringify(unmarshal(item))));
}

/** A proof that ends without coming through, at `hop`: with as much time as the hops before need on this machine. */
async function failsAt(hop: string): Promise<{ look: string; found: string[] }> {
  for (let seconds = 3; ; seconds *= 2) {
    const { code, stdout } = await machine.run("prove", "--timeout", `${seconds}s`, "--json");
    expect(code).toBe(1);
    const { ok, failed } = JSON.parse(stdout);
    expect(ok).toBe(false);
    if (failed.hop === hop) return failed;
    if (seconds > 30) expect.fail(`not at "${hop}": ${JSON.stringify(failed)}`);
  }
}

/** The same stack again, with these faults on its wire. */
async function restart(...rules: object[]): Promise<void> {
  await machine.run("local", "down");
  writeFileSync(join(machine.home, "chaos.json"), JSON.stringify({ rules }));
  await machine.json("local", "up", "--chaos", "chaos.json");
}

async function mapping(Enabled: boolean): Promise<void> {
  const lambda = new LambdaClient(options);
  const { EventSourceMappings } = await lambda.send(new ListEventSourceMappingsCommand({}));
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID: EventSourceMappings![0]!.UUID, Enabled }));
  const state = async () => (await lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings![0]!.State;
  await until(async () => (await state()) === (Enabled ? "Enabled" : "Disabled"), "the mapping's state");
}

describe("a pipeline that is broken at a hop", { timeout: 180_000 }, () => {
  it("nobody has confirmed: inbox", async () => {
    onTestFinished(async () => {
      await confirm();
    });
    const { found } = await failsAt("inbox");
    expect(found).toEqual([expect.stringContaining("operator@example.org")]);
  });

  it("the mapping is off: stored", async () => {
    onTestFinished(() => mapping(true));
    await mapping(false);
    const { found } = await failsAt("stored");
    expect(found).toContainEqual(expect.stringContaining("Disabled"));
  });

  it("the delivery isn't there: claimed", async () => {
    onTestFinished(() => machine.json("setup"));
    const FunctionName = "AnomalyMessageDeliveryFunction";
    await new LambdaClient(options).send(new DeleteFunctionCommand({ FunctionName }));
    const { found } = await failsAt("claimed");
    expect(found).toContainEqual(expect.stringContaining(`${FunctionName}: missing`));
  });

  it("SNS refuses: published", async () => {
    onTestFinished(() => restart());
    await restart({ service: "sns", operation: "Publish", error: { code: "AuthorizationError", status: 403 } });
    const { found } = await failsAt("published");
    expect(found).toContainEqual(expect.stringMatching(/log says: .*AuthorizationError/));
  });

  it("the stream takes nothing: acknowledged", async () => {
    onTestFinished(() => restart());
    await restart({ service: "kinesis", operation: "PutRecords", error: { code: "AccessDeniedException" } });
    const { found } = await failsAt("acknowledged");
    expect(found).toEqual([expect.stringContaining("AccessDenied")]);
  });
});

it("the application is stopped: scored; when it runs again proofs come through, and remove what became of the broken one", {
  timeout: 180_000,
}, async () => {
  await confirm();
  await machine.json("stop");
  const { look, found } = await failsAt("scored");
  await machine.json("start");
  expect(found).toEqual([expect.stringMatching(/AnomalyDetection: .*READY/)]);
  expect(look).toContain("windops logs flink");
  // The broken one's readings arrive now; they're there before the proof's own, behind them.
  const proof = await machine.json("prove");
  expect(proof.hops.map(({ hop }: { hop: string }) => hop)).toEqual([
    "acknowledged",
    "scored",
    "stored",
    "claimed",
    "published",
    "inbox",
  ]);
  await machine.json("prove");
  const notes = (await leftovers()).filter((item) => !item.startsWith('{"pk":"prove"'));
  expect(notes).toEqual([]);
});

it("works on a busy pipeline, and touches no other turbine's rows", { timeout: 180_000 }, async () => {
  await confirm();
  const load = machine.start("simulate", "--turbines", "20", "--rate", "300/s", "--cadence", "1s", "--json");
  await says(load.stderr, /"done":[1-9]\d\d/);
  const proof = await machine.json("prove");
  load.kill("SIGINT");
  const { acknowledged } = JSON.parse((await finished(load)).stdout);
  expect(proof.ok).toBe(true);
  const rows = async () => {
    let count = 0;
    let ExclusiveStartKey: Record<string, any> | undefined;
    do {
      const page: any = await new DynamoDBClient(options).send(
        new ScanCommand({ TableName: "WindDataTable", Select: "COUNT", ExclusiveStartKey }),
      );
      count += page.Count;
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return count;
  };
  await until(async () => (await rows()) === acknowledged, `${acknowledged} rows and none of the proof`, 60);
});

it("--every goes on after a proof that failed, and counts each in CloudWatch", { timeout: 180_000 }, async () => {
  await confirm();
  const child = machine.start("prove", "--every", "1s", "--timeout", "30s", "--json");
  await says(child.stdout, /"ok":true/);
  await machine.run("local", "down");
  await says(child.stdout, /"ok":false/);
  await machine.json("local", "up");
  await says(child.stdout, /"ok":true/);
  const cloudwatch = new CloudWatchClient(options);
  const highest = async (MetricName: string) => {
    const now = Date.now();
    const { Datapoints = [] } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: "windops",
        MetricName,
        Dimensions: [{ Name: "Pipeline", Value: "windops" }],
        StartTime: new Date(now - 600_000),
        EndTime: new Date(now + 60_000),
        Period: 60,
        Statistics: ["Maximum"],
      }),
    );
    return Math.max(...Datapoints.map(({ Maximum }) => Maximum!));
  };
  await until(async () => (await highest("ProveSucceeded")) === 1, "the proof in CloudWatch");
  expect(await highest("ProveLatency")).toBeGreaterThan(0);
  child.kill("SIGINT");
  expect((await finished(child)).code).toBe(130);
});
