import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { edge } from "../../io/clock.ts";
import type { Context } from "../../io/terminal/command.ts";
import type { IO, Task } from "../../io/terminal/io.ts";
import { launchStack, stopStack } from "../../local/process/launch.ts";
import { provisioning, setup } from "../../pipeline/plan/provision.ts";
import { connect, type Session } from "../../pipeline/settings/session.ts";
import { runSimulation } from "../../simulate/run-simulation.ts";
import { type InjectedAnomaly, injectedBy, simulationOf } from "../../simulate/simulation.ts";
import { confirmAll } from "../inbox.ts";
import { type Alert, DemoWatch, type Watched } from "./watch.ts";

export interface DemoOptions {
  anomalies: number;
  turbines?: number;
  seed: number;
  engine?: "embedded" | "flink";
  /** Leave the stack running. */
  keep: boolean;
}

export interface DemoResult extends Watched {
  /** Every injected anomaly became a row and one e-mail, and nothing else did. */
  ok: boolean;
  problems: string[];
  seed: number;
  turbines: number;
  readings: number;
  seconds: number;
  endpoint: string;
  stateDir: string;
  kept: boolean;
}

const OPERATOR = "operator@example.org";
/** After the last reading: what isn't there by then won't come. A JVM that died takes its time to be up again. */
const PATIENCE_MS = { embedded: 30_000, flink: 180_000 };

/**
 * The whole pipeline on a stack of its own, in a folder of its own: a pipeline that the user runs isn't touched. Takes
 * down what it started, unless `keep`.
 */
export async function demo(ctx: Context, options: DemoOptions, tell: (alert: Alert) => void): Promise<DemoResult> {
  const outside = edge(ctx.signal);
  const started = outside.now();
  const stateDir = mkdtempSync(join(tmpdir(), "windops-demo-"));
  let kept = false;
  try {
    const session = await ready(ctx, stateDir, options);
    const task = ctx.io.task("Wind");
    const simulation = simulationOf(
      { seed: options.seed, anomalies: options.anomalies, ...(options.turbines && { turbines: options.turbines }) },
      ctx.now(),
    );
    task.update(`${simulation.wind.turbines} turbines, ${simulation.plan.length} anomalies to come`);
    const watch = new DemoWatch(session, outside, () => ctx.now().getTime());
    let sending = true;
    const outcome = runSimulation(simulation, {
      ...outside,
      kinesis: await session.clients.kinesis(),
      stream: session.names.inputStream,
      signal: ctx.signal,
      onProgress: (done, readings) => {
        for (const reading of readings) watch.acknowledged(reading);
        task.update(`${done.toLocaleString("en-US")} of ${simulation.readings.toLocaleString("en-US")} readings`);
      },
    }).finally(() => {
      sending = false;
    });
    outcome.catch(() => {});
    const planned = injectedBy(simulation);
    const looking = (async () => {
      while (sending && !ctx.signal.aborted) {
        await watch.look(planned, tell);
        await outside.sleep(150);
      }
    })();
    const { acknowledged } = await outcome;
    await looking;
    ctx.signal.throwIfAborted();
    task.done(`${acknowledged.toLocaleString("en-US")} readings of ${simulation.wind.turbines} turbines acknowledged`);
    const settled = await finish(
      watch,
      planned,
      acknowledged,
      outside.now() + PATIENCE_MS[options.engine ?? "embedded"],
      outside,
      ctx.signal,
      tell,
    );
    const watched = await watch.result(planned);
    const problems = problemsOf(watched, acknowledged, settled);
    kept = options.keep;
    return {
      ok: problems.length === 0,
      problems,
      ...watched,
      seed: options.seed,
      turbines: simulation.wind.turbines,
      readings: acknowledged,
      seconds: (outside.now() - started) / 1000,
      endpoint: session.target.endpoint!,
      stateDir,
      kept,
    };
  } finally {
    if (!kept) {
      await stopStack(stateDir);
      await rm(stateDir, { recursive: true, force: true });
    }
  }
}

async function finish(
  watch: DemoWatch,
  planned: InjectedAnomaly[],
  readings: number,
  deadline: number,
  outside: ReturnType<typeof edge>,
  signal: AbortSignal,
  tell: (alert: Alert) => void,
): Promise<boolean> {
  let settled = false;
  const watching = watch.settled(readings, deadline).then((done) => {
    settled = done;
    return done;
  });
  let over = false;
  void watching.finally(() => {
    over = true;
  });
  while (!over) {
    signal.throwIfAborted();
    await watch.look(planned, tell);
    await outside.sleep(100);
  }
  await watch.look(planned, tell);
  await watching;
  return settled;
}

function problemsOf({ alerts, unexpected, rows }: Watched, readings: number, settled: boolean): string[] {
  const problems: string[] = [];
  for (const { kind, turbineId, score, mailMs } of alerts) {
    if (score === 0) problems.push(`The ${kind} at ${turbineId} was not found.`);
    else if (mailMs === undefined) problems.push(`The ${kind} at ${turbineId} was stored, but nobody was told.`);
  }
  for (const { attributes, subject } of unexpected) {
    problems.push(`A notification too many: ${subject}, ${attributes?.deduplicationId}`);
  }
  if (rows !== readings) problems.push(`${readings} readings were acknowledged, ${rows} are stored.`);
  if (!settled && problems.length === 0) problems.push("Something still waits to be told.");
  return problems;
}

/** Starts the stack, sets the pipeline up on it and subscribes an operator who confirms. */
async function ready(ctx: Context, stateDir: string, options: DemoOptions): Promise<Session> {
  const stackTask = ctx.io.task("Embedded stack");
  // Neither settings nor credentials of the user's have a say in it.
  const env = Object.fromEntries(Object.entries(ctx.env).filter(([name]) => !/^(AWS|WINDOPS)_/.test(name)));
  const kept = ["WINDOPS_FLINK_DIR"].flatMap((name) => (ctx.env[name] ? [[name, ctx.env[name]]] : []));
  const own: Context = {
    ...ctx,
    env: { ...env, ...Object.fromEntries(kept), WINDOPS_EMAIL: OPERATOR },
    cwd: stateDir,
    globals: { json: ctx.globals.json, color: ctx.globals.color, verbose: ctx.globals.verbose, local: true, stateDir },
    io: quiet(ctx.io),
  };
  const port = ctx.globals.port ?? 0;
  const stack = await failing(stackTask, () =>
    launchStack({
      env: own.env,
      stateDir,
      port,
      signal: ctx.signal,
      ...(options.engine && { engine: options.engine }),
    }),
  );
  stackTask.done(stack.endpoint);
  const task = ctx.io.task("Pipeline");
  return failing(task, async () => {
    const session = await connect(own, { quiet: true });
    const { resources } = await setup(own, provisioning(session, own.env), { steps: [], dryRun: false, adopt: false });
    await confirmAll(stack.endpoint);
    task.done(`${resources.length} resources, ${OPERATOR} subscribed`);
    return session;
  });
}

async function failing<T>(task: Task, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    task.fail("failed");
    throw error;
  }
}

/** The steps of setup are a line in the demo. */
function quiet(io: IO): IO {
  const task = (title: string): Task => ({ title, update() {}, done() {}, skip() {}, fail() {} });
  return Object.assign(Object.create(io), { task, err: () => {} });
}
