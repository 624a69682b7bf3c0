import { readFileSync } from "node:fs";
import { printable } from "../contract/printable.ts";
import { usageError } from "../io/errors/errors.ts";
import { number } from "../io/parse.ts";
import { type Context, defineCommand, type OptionSpec } from "../io/terminal/command.ts";

interface Running {
  running: boolean;
  endpoint?: string;
  pid?: number;
  stateDir: string;
}

const launch = () => import("../local/process/launch.ts");

async function folder(ctx: Context): Promise<string> {
  const { stateFolder } = await import("../local/process/state.ts");
  const { resolve } = await import("node:path");
  return ctx.globals.stateDir ? resolve(ctx.cwd, ctx.globals.stateDir) : stateFolder(ctx.env);
}

const upOptions: OptionSpec[] = [
  { flags: "--no-limits", description: "without the real services' rate limits" },
  { flags: "--engine <name>", description: "engine of Flink applications", choices: ["embedded", "flink"] },
  { flags: "--fsync", description: "every write to the disk itself: survives power cuts, slower" },
  { flags: "--chaos <file>", description: "faults to play (docs/embedded-stack.md)" },
  {
    flags: "--seed <n>",
    description: "seed of what is random in the stack",
    parse: number("--seed", { integer: true }),
  },
];

async function up(ctx: Context, options: Record<string, any>) {
  const { launchStack } = await launch();
  const { resolve } = await import("node:path");
  const chaos = options.chaos === undefined ? undefined : resolve(ctx.cwd, options.chaos);
  if (chaos !== undefined) await checkChaos(chaos);
  const task = ctx.io.task("Embedded stack");
  try {
    const stack = await launchStack({
      env: ctx.env,
      stateDir: await folder(ctx),
      port: ctx.globals.port,
      limits: options.limits,
      engine: options.engine,
      fsync: options.fsync,
      seed: options.seed,
      chaos,
      signal: ctx.signal,
    });
    task.done(stack.started ? `started on ${stack.endpoint}` : `already running on ${stack.endpoint}`);
    if (!stack.started && upOptions.some(({ flags }) => isGiven(flags, options))) {
      ctx.io.err("It runs with the options that it was started with: windops local down, then up again.");
    }
    return { ...stack, running: true };
  } catch (error) {
    task.fail("did not start");
    throw error;
  }
}

/** Whether an option of `up` was passed: `--no-x` is then false, the others are there. */
function isGiven(flags: string, options: Record<string, any>): boolean {
  const name = flags.split(" ")[0]!.slice(2);
  return name.startsWith("no-")
    ? options[name.slice(3)] === false
    : options[name] !== undefined && options[name] !== false;
}

async function checkChaos(path: string): Promise<void> {
  const { parseChaos } = await import("../local/chaos.ts");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(`--chaos: cannot read ${path}: ${(error as Error).message}`);
  }
  parseChaos(text, path);
}

async function status(ctx: Context): Promise<Running> {
  const { askStack } = await launch();
  const stateDir = await folder(ctx);
  const found = await askStack(stateDir);
  if (!found) return { running: false, stateDir };
  return { running: true, endpoint: `http://127.0.0.1:${found.state.port}`, stateDir, ...found.health };
}

export const command = defineCommand({
  name: "local",
  summary: "the embedded stack, as a background process; its mail",
  description: "The embedded stack: the AWS services of the pipeline in one process on this machine.",
  examples: [
    "windops local up",
    "export AWS_ENDPOINT_URL=$(windops local status --json | jq -r .endpoint)",
    "windops local inbox",
  ],
  subcommands: [
    defineCommand({
      name: "up",
      summary: "start it (if it isn't running)",
      options: upOptions,
      run: (ctx, _args, options) => up(ctx, options),
      render: ({ endpoint }, io) => io.out(`export AWS_ENDPOINT_URL=${endpoint}`),
    }),
    defineCommand({
      name: "down",
      summary: "stop it; its data stays",
      run: async (ctx) => {
        const { stopStack } = await launch();
        return { ...(await stopStack(await folder(ctx))), stateDir: await folder(ctx) };
      },
      render: ({ stopped }, io) => io.out(stopped ? "Stopped." : "It was not running."),
    }),
    defineCommand<Running>({
      name: "status",
      summary: "where it runs and where its data is; exit code 1 if it doesn't run",
      run: status,
      render: (result, io) => {
        io.out(result.running ? `Running on ${result.endpoint} (pid ${result.pid})` : "Not running");
        io.out(`Data: ${result.stateDir}`);
      },
      exitCode: ({ running }) => (running ? 0 : 1),
    }),
    defineCommand({
      name: "reset",
      summary: "remove all its data",
      options: [{ flags: "--yes", description: "without asking" }],
      run: async (ctx, _args, options) => {
        const { stopStack, removeData } = await launch();
        const stateDir = await folder(ctx);
        const question = `Remove everything that the embedded stack keeps in ${stateDir}?`;
        if (!options.yes && !(await ctx.io.confirm(question, { flag: "--yes" }))) return { removed: false, stateDir };
        const { stopped } = await stopStack(stateDir);
        await removeData(stateDir);
        if (stopped) await up(ctx, {});
        return { removed: true, restarted: stopped, stateDir };
      },
      render: ({ removed }, io) => io.out(removed ? "Removed." : "Nothing removed."),
    }),
    defineCommand({
      name: "inbox",
      summary: "e-mails and text messages that subscribers were sent",
      options: [
        {
          flags: "--limit <n>",
          description: "the last n",
          default: 20,
          parse: number("--limit", { min: 1, integer: true }),
        },
        {
          flags: "--confirm",
          description: "open the links of all subscriptions that wait to be confirmed, as their readers would",
        },
      ],
      run: async (ctx, _args, options) => {
        const { notRunning } = await launch();
        const { endpoint, stateDir } = await status(ctx);
        if (!endpoint) throw notRunning(stateDir);
        const { confirmAll, readInbox } = await import("../operate/inbox.ts");
        const confirmed = options.confirm ? await confirmAll(endpoint) : undefined;
        return { confirmed, mails: (await readInbox(endpoint)).slice(-options.limit) };
      },
      render: ({ confirmed, mails }, io) => {
        for (const { endpoint, topicArn } of confirmed ?? [])
          io.err(printable(`Confirmed ${endpoint} for ${topicArn.split(":").at(-1)}.`));
        if (confirmed?.length === 0) io.err("No subscription waits to be confirmed.");
        if (mails.length === 0) io.out("No mail.");
        for (const { sent, to, subject, attributes } of mails) {
          const about = attributes?.turbineId === undefined ? "" : `  ${attributes.turbineId}`;
          io.out(printable(`${sent}  ${to}  ${subject}${about}`));
        }
      },
    }),
  ],
});
