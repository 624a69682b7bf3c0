import { cpSync, rmSync } from "node:fs";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { KinesisClient, ListStreamsCommand } from "@aws-sdk/client-kinesis";
import { KinesisAnalyticsV2Client, ListApplicationsCommand } from "@aws-sdk/client-kinesis-analytics-v2";
import { LambdaClient, ListEventSourceMappingsCommand, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListBucketsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { ListScheduleGroupsCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { ListSubscriptionsCommand, ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { ChaosRule } from "../../../src/local/chaos.ts";
import { startStack } from "../../../src/local/stack.ts";
import { destroy } from "../../../src/pipeline/plan/destroy.ts";
import { planSetup, setup } from "../../../src/pipeline/plan/provision.ts";
import { clientOptions, temporaryFolder } from "../../local/stack-fixture.ts";
import { quickPace, testContext, testPipeline } from "../provisioned.ts";
import { Line, type WireCall } from "./line.ts";

/** Time runs so much faster on the stack: what takes 300 ms there takes 75 here. */
const SPEED = 4;
const began = Date.now();
const now = () => began + (Date.now() - began) * SPEED;

/** An account with a pipeline in it or none, on a stack of its own, whose faults end with `calm`. */
export async function account(options: { copyOf?: string; rules?: ChaosRule[]; settings?: object } = {}) {
  const stateDir = temporaryFolder();
  if (options.copyOf !== undefined) cpSync(options.copyOf, stateDir, { recursive: true });
  const rules = (options.rules ?? []).map((rule) => ({ ...rule }));
  const stack = await startStack({ stateDir, port: 0, limits: false, seed: 1, now, chaos: { seed: 1, rules } });
  const { what } = pipelineOn(stack.endpoint, options.settings);
  return {
    stateDir,
    endpoint: stack.endpoint,
    /** Runs the command as a process of its own would: with clients that know nothing of an earlier run. */
    async setup(dieAfter?: WireCall) {
      return run(stack.endpoint, dieAfter, options.settings, (ctx, what) =>
        setup(ctx, what, { steps: [], dryRun: false, adopt: false }),
      );
    },
    async destroy(dieAfter?: WireCall) {
      return run(stack.endpoint, dieAfter, options.settings, (ctx, what) =>
        destroy(ctx, what, { keepData: false, agree: async () => true }),
      );
    },
    calm() {
      for (const rule of rules) rule.probability = 0;
    },
    /** Faults played so far, by rule. */
    async hits(): Promise<number[]> {
      return ((await (await fetch(`${stack.endpoint}/_windops/chaos`)).json()) as { rules: number[] }).rules;
    },
    /** What a third run would do, and all that is in the account. */
    look: () => look(stack.endpoint, what),
    async stop() {
      what.pipeline.clients.destroy();
      await stack.close();
    },
    async close() {
      await this.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function pipelineOn(endpoint: string, settings: object = {}) {
  const made = testPipeline(endpoint, { settings: { email: ["operator@example.org"], ...settings } });
  made.what.pace = { ...quickPace, first: 10, most: 60 };
  return made;
}

type Provision = ReturnType<typeof pipelineOn>["what"];

async function run<T>(
  endpoint: string,
  dieAfter: WireCall | undefined,
  settings: object | undefined,
  command: (ctx: ReturnType<typeof testContext>, what: Provision) => Promise<T>,
) {
  const line = new Line(dieAfter);
  const { what } = pipelineOn(endpoint, settings);
  line.attach(what.pipeline.clients);
  try {
    return { result: await command(testContext(), what), line };
  } catch (error) {
    return { error: error as Error, line };
  } finally {
    what.pipeline.clients.destroy();
  }
}

/**
 * The plan of a further `setup` (what it finds to do is what it would do: the engine acts on nothing else), and everything in the account:
 * what the pipeline's resources read of themselves, and what the services list, so that nothing that no resource knows of is missed.
 * Without times, and ids that differ from run to run.
 */
async function look(endpoint: string, what: Provision) {
  const [plan, lists] = await Promise.all([planSetup(what, []), listed(endpoint)]);
  const read = Object.fromEntries(plan.items.map(({ resource, state }) => [resource.id, state]));
  const text = JSON.stringify({ read, lists }).replaceAll(endpoint, "http://stack");
  return {
    todo: plan.items
      .filter(({ action }) => action !== "keep")
      .map(({ resource, action }) => `${action} ${resource.id}`),
    state: comparable(JSON.parse(text)),
  };
}

async function listed(endpoint: string) {
  const options = { ...clientOptions(endpoint), requestHandler: new NodeHttpHandler() };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const lambda = new LambdaClient(options);
  const sns = new SNSClient(options);
  const scheduler = new SchedulerClient(options);
  const name = (list: any[] | undefined, key: string) => (list ?? []).map((item) => item[key]).sort();
  const [buckets, streams, tables, roles, topics, subscriptions, groups, functions, mappings, applications, schedules] =
    await Promise.all([
      s3.send(new ListBucketsCommand({})),
      new KinesisClient(options).send(new ListStreamsCommand({})),
      new DynamoDBClient(options).send(new ListTablesCommand({})),
      new IAMClient(options).send(new ListRolesCommand({})),
      sns.send(new ListTopicsCommand({})),
      sns.send(new ListSubscriptionsCommand({})),
      new CloudWatchLogsClient(options).send(new DescribeLogGroupsCommand({})),
      lambda.send(new ListFunctionsCommand({})),
      lambda.send(new ListEventSourceMappingsCommand({})),
      new KinesisAnalyticsV2Client(options).send(new ListApplicationsCommand({})),
      scheduler.send(new ListSchedulesCommand({})),
    ]);
  const [scheduleGroups, alarms, ...objects] = await Promise.all([
    scheduler.send(new ListScheduleGroupsCommand({})),
    new CloudWatchClient(options).send(new DescribeAlarmsCommand({})),
    ...name(buckets.Buckets, "Name").map((Bucket) => s3.send(new ListObjectsV2Command({ Bucket }))),
  ]);
  return {
    buckets: name(buckets.Buckets, "Name"),
    objects: objects.flatMap((page) => name(page.Contents, "Key")),
    streams: streams.StreamNames,
    tables: tables.TableNames,
    roles: name(roles.Roles, "RoleName"),
    topics: name(topics.Topics, "TopicArn"),
    subscriptions: (subscriptions.Subscriptions ?? []).map((s) => `${s.Endpoint} ${s.TopicArn}`).sort(),
    logGroups: name(groups.logGroups, "logGroupName"),
    functions: name(functions.Functions, "FunctionName"),
    mappings: (mappings.EventSourceMappings ?? []).map((m) => `${m.EventSourceArn} ${m.FunctionArn}`),
    applications: name(applications.ApplicationSummaries, "ApplicationName"),
    schedules: name(schedules.Schedules, "Name"),
    scheduleGroups: name(scheduleGroups.ScheduleGroups, "Name"),
    alarms: name(alarms.MetricAlarms, "AlarmName"),
  };
}

/** Of one run only: times, generated ids, how often something was changed, what an alarm says by now. */
const PASSING =
  /time|LastModified|uuid|^arn$|VersionId|ObjectVersion|versionId|^value$|^reason$|State(Reason|Value|Transition|Updated)|LastProcessing|OptionId|ConditionalToken|MappingArn|ConfigurationUpdated|ConditionId|problem/i;

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  const kept = Object.entries(value).filter(([key, inner]) => inner !== undefined && !PASSING.test(key));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, comparable(inner)]));
}
