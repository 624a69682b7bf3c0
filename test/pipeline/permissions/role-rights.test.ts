import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluate } from "../../../src/local/services/iam/evaluation/policy.ts";
import { placeholderJar } from "../../../src/pipeline/flink/jar.ts";
import { pipelineOf } from "../../../src/pipeline/resource.ts";
import { identities } from "../../../src/pipeline/settings/identities.ts";
import { rolePolicies } from "../../../src/pipeline/settings/policies.ts";
import { until } from "../../local/pipeline-fixture.ts";
import { testPipeline, testStack } from "../provisioned.ts";
import { Recorded } from "./recorded.ts";
import { noting } from "./rights-proxy.ts";

const home = mkdtempSync(join(tmpdir(), "windops-roles-"));
let stack: Awaited<ReturnType<typeof testStack>>;

/** What the service does with the role by itself: the event source mapping, the failed batches, the log. */
const MADE_BY_LAMBDA = /^(kinesis:|logs:|s3:ListBucket$)/;
/** What only digests and calm notices need, which aren't on by default. */
const SELDOM = { destination: [], delivery: ["dynamodb:DeleteItem"] };

beforeAll(async () => {
  stack = await testStack();
});
afterAll(async () => {
  await stack.close();
  rmSync(home, { recursive: true, force: true });
});

it("every call that the functions make in a running pipeline is allowed by their role, and no right of it is for no call", async () => {
  const env = {
    WINDOPS_STATE_DIR: join(home, "state"),
    HOME: home,
    WINDOPS_EMAIL: "a@example.org",
    AWS_ENDPOINT_URL: stack.endpoint,
    WINDOPS_FLINK_DIR: home,
  };
  const recorded = new Recorded(env, home);
  const { session } = testPipeline(stack.endpoint);
  const { names, clients } = session;
  writeFileSync(join(home, "AnomalyDetection.jar"), placeholderJar().bytes);
  await recorded.run("setup");
  const functions = { destination: names.destinationFunction, delivery: names.deliveryFunction };
  const lambda = await clients.lambda();
  const noted = { destination: await noting(stack.endpoint), delivery: await noting(stack.endpoint) };
  const configuration = (FunctionName: string) => lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  for (const [role, FunctionName] of Object.entries(functions)) {
    const { Environment } = await configuration(FunctionName);
    const Variables = { ...Environment!.Variables, AWS_ENDPOINT_URL: noted[role as keyof typeof noted].endpoint };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
    await until(async () => (await configuration(FunctionName)).LastUpdateStatus === "Successful", "function updated");
  }
  const kinesis = await clients.kinesis();
  await kinesis.send(
    new PutRecordsCommand({
      StreamName: names.inputStream,
      Records: [{ Data: Buffer.from("no JSON"), PartitionKey: "x" }],
    }),
  );
  expect(await recorded.run("prove --timeout 60s")).toMatchObject({ ok: true });
  await recorded.run("scan --notify");
  const s3 = await clients.s3();
  const kept = () => s3.send(new ListObjectsV2Command({ Bucket: names.bucket, Prefix: "quarantine/" }));
  await until(async () => ((await kept()).KeyCount ?? 0) > 0, "quarantined");

  const policies = rolePolicies(pipelineOf(session), identities(session));
  for (const role of ["destination", "delivery"] as const) {
    const { made, faults, close } = noted[role];
    await close();
    expect(faults).toEqual([]);
    const refused = made.filter(
      ({ action, resource }) => evaluate([policies[role] as never], action, resource).decision !== "allowed",
    );
    expect(refused).toEqual([]);
    expect(made.length).toBeGreaterThan(2);
    const used = new Set(made.map(({ action }) => action));
    const granted = policies[role].Statement.flatMap(({ Action }) => Action);
    expect(granted.filter((action) => !used.has(action) && !MADE_BY_LAMBDA.test(action)).sort()).toEqual(SELDOM[role]);
  }
}, 120_000);
