import { setTimeout as sleep } from "node:timers/promises";
import { GetFunctionCommand, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { type Clients, createClients, LOCAL_CREDENTIALS } from "../../src/aws/clients.ts";
import { FilterLogEventsCommand } from "../../src/aws/logs.ts";
import type { ChaosFile } from "../../src/local/chaos.ts";
import { confirmAll } from "../../src/operate/inbox.ts";
import { type Names, names } from "../../src/pipeline/settings/config.ts";
import { collect } from "./collect.ts";
import { drained } from "./drained.ts";
import { load, type Oddities } from "./load.ts";
import { play, type Stage } from "./play.ts";
import { type FaultKind, faultScript } from "./script.ts";
import { SupervisedStack } from "./supervised-stack.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface SoakOptions {
  seed: number;
  /** Milliseconds of load. */
  duration: number;
  engine: "embedded" | "flink";
  /** Readings a second. */
  rate: number;
  turbines: number;
  ownDisk: boolean;
  flinkDir?: string;
  signal: AbortSignal;
  log(line: string): void;
}

export interface SoakReport {
  verdict: Verdict;
  /** How often each kind came about. */
  faults: Partial<Record<FaultKind, number>>;
  oddities: Oddities;
  /** Calls on the wire that were throttled, failed or dropped on purpose. */
  failedCalls: number;
  /** Invocations that ended because their process was killed. */
  killedInvocations: number;
  /** Deaths of the stack's process that nobody had a hand in. */
  ownDeaths: string[];
  drained: boolean;
  /** A run with fewer anomalies proves nothing about notifications. */
  anomaliesWanted: number;
  disk: "tmpfs" | "injected";
  /** Left there where something is wrong. */
  stateDir: string;
}

const REGION = "us-east-1";
const MIN_SCORE = 2;
/** Event time between a turbine's readings, seconds. */
const CADENCE = 2;
const QUIET = 120_000;

/** Throttled, failed and dropped calls of functions and producer; slow ones, so that what is killed is in the middle of something. */
const CHAOS: ChaosFile = {
  rules: [
    {
      service: "kinesis",
      operation: "PutRecords",
      probability: 0.02,
      error: { code: "ProvisionedThroughputExceededException" },
    },
    { service: "kinesis", operation: "PutRecords", probability: 0.01, drop: "before" },
    { service: "kinesis", operation: "PutRecords", probability: 0.01, drop: "after" },
    { service: "dynamodb", operation: "BatchWriteItem", probability: 0.03, error: { code: "ThrottlingException" } },
    { service: "dynamodb", probability: 0.01, drop: "before" },
    { service: "dynamodb", probability: 0.01, drop: "after" },
    { service: "dynamodb", probability: 0.3, delay: [0, 60] },
    { service: "sns", operation: "Publish", probability: 0.1, error: { code: "InternalFailure", status: 500 } },
    { service: "sns", operation: "Publish", probability: 0.03, drop: "after" },
    { service: "s3", operation: "PutObject", probability: 0.05, error: { code: "SlowDown", status: 503 } },
    { service: "lambda", operation: "Invoke", probability: 0.05, drop: "before" },
  ],
};

/** Runs the pipeline as real processes under load and faults, waits until it has drained, and counts. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, signal, log } = options;
  const stack = new SupervisedStack(options);
  let sound = false;
  try {
    await stack.start();
    const pipeline = names({ prefix: "", region: REGION }, "000000000000");
    const clients = createClients({ region: REGION, endpoint: stack.endpoint, credentials: LOCAL_CREDENTIALS });
    await setUp(stack, clients, pipeline);
    await stack.playChaos(CHAOS);
    log(`seed ${seed}: load begins (state folder ${stack.stateDir}, disk ${stack.disk})`);
    const stage: Stage = { stack, clients, names: pipeline, signal };
    // The load outlasts the faults, however long what they need takes to come about.
    let playing = true;
    const [ledger, faults] = await Promise.all([
      load({
        ...options,
        goesOn: () => playing,
        stream: pipeline.inputStream,
        cadence: CADENCE,
        kinesis: await clients.kinesis(),
      }),
      playScript(options, stage).finally(() => {
        playing = false;
      }),
    ]);
    const failedCalls = stack.chaosHits;
    log("load ends; no more faults, and the clock goes on two minutes, so that claims of the dead run out");
    await stack.playChaos(undefined);
    stack.stepClock(120_000);
    log(
      `acknowledged ${ledger.readings.filter((one) => one.acknowledged).length} of ${ledger.readings.length} readings`,
    );
    const done = await drained(stage, log);
    const evidence = await collect(clients, pipeline, stack.endpoint, ledger, { minScore: MIN_SCORE, quiet: QUIET });
    const verdict = judge(evidence);
    const report: SoakReport = {
      verdict,
      faults,
      oddities: ledger.oddities,
      failedCalls,
      killedInvocations: await killedInvocations(clients, pipeline),
      ownDeaths: stack.ownDeaths,
      drained: done,
      // Every turbine had a gust; the detector needn't find each of them worth telling.
      anomaliesWanted: Math.ceil(options.turbines / 2),
      disk: stack.disk,
      stateDir: stack.stateDir,
    };
    sound = isSound(report);
    return report;
  } finally {
    await stack.close({ keep: !sound && !signal.aborted });
  }
}

/** Kinds of fault that the run was to play and that never came about: it shows nothing of them. */
export function neverCame(faults: SoakReport["faults"]): string[] {
  return Object.keys(faults).filter((kind) => faults[kind as FaultKind] === 0);
}

/** Whether everything that is promised was kept, and every kind of fault came about. */
export function isSound({ verdict, faults, ownDeaths, drained: done, anomaliesWanted }: SoakReport): boolean {
  const { lost, invented, missing, duplicates, disordered, anomalies } = verdict;
  if (anomalies < anomaliesWanted || neverCame(faults).length > 0) return false;
  return done && [lost, invented, missing, duplicates, disordered, ownDeaths].every((list) => list.length === 0);
}

async function setUp(stack: SupervisedStack, clients: Clients, pipeline: Names): Promise<void> {
  const { machine } = stack;
  machine.env.WINDOPS_EMAIL = "soak@example.org";
  machine.env.WINDOPS_QUIET = `${QUIET / 1000}s`;
  await machine.json("setup");
  await confirmAll(stack.endpoint);
  // The functions' clock and disk are the stack's.
  const lambda = await clients.lambda();
  for (const FunctionName of [pipeline.destinationFunction, pipeline.deliveryFunction]) {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    const Variables = { ...Configuration?.Environment?.Variables, ...stack.faultEnvironment };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  }
}

/** Plays the script to the end of the run; what is late then is played only if it's of a kind that hasn't come about. */
async function playScript(options: SoakOptions, stage: Stage): Promise<SoakReport["faults"]> {
  const { seed, duration, engine, log, signal } = options;
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  const script = faultScript(seed, duration, engine);
  const done: SoakReport["faults"] = Object.fromEntries(script.map(({ kind }) => [kind, 0]));
  for (const fault of script) {
    if (elapsed() > duration && done[fault.kind]! > 0) continue;
    if (fault.at > elapsed()) await sleep(fault.at - elapsed(), undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const came = await play(fault, stage);
    log(`${(elapsed() / 1000).toFixed(1)} s: ${fault.kind}${came ? "" : " (it never could)"}`);
    if (came) done[fault.kind]!++;
  }
  if (elapsed() < duration) await sleep(duration - elapsed(), undefined, { signal }).catch(() => {});
  return done;
}

async function killedInvocations(clients: Clients, pipeline: Names): Promise<number> {
  const logs = await clients.logs();
  let count = 0;
  for (const name of [pipeline.destinationFunction, pipeline.deliveryFunction]) {
    let nextToken: string | undefined;
    do {
      const page: { events?: unknown[]; nextToken?: string } = await logs.send(
        new FilterLogEventsCommand({
          logGroupName: `/aws/lambda/${name}`,
          filterPattern: '"signal: killed"',
          nextToken,
        }),
      );
      count += page.events?.length ?? 0;
      nextToken = page.nextToken;
    } while (nextToken);
  }
  return count;
}
