import { Command, CommanderError, Option } from "commander";
import { globalOptions } from "./commands/global-options.ts";
import { commands } from "./commands/index.ts";
import { printableJson } from "./contract/printable.ts";
import { WindopsError } from "./io/errors/errors.ts";
import { failure } from "./io/errors/failure.ts";
import type { CommandSpec, Context, GlobalOptions } from "./io/terminal/command.ts";

export { globalOptions } from "./commands/global-options.ts";

declare const __VERSION__: string;
const version = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-dev";

const takesValue = new Set(globalOptions.filter(([f]) => f.includes("<")).map(([f]) => f.split(" ")[0]!));

/** The first word that is no option: the command's name. */
export function commandName(argv: string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") return argv[i + 1];
    if (!word.startsWith("-")) return word;
    if (takesValue.has(word)) i++;
  }
  return undefined;
}

type Run = (spec: CommandSpec<any>, args: any[], options: Record<string, any>) => Promise<void>;

function addGlobals(target: Command, hidden: boolean): void {
  for (const [flags, description, parse] of globalOptions) {
    const option = new Option(flags, description);
    if (parse) option.argParser(parse);
    target.addOption(hidden ? option.hideHelp() : option);
  }
}

/** Declares `spec` on `parent`; `run` is called with what was parsed. */
export function addCommand(parent: Command, spec: CommandSpec<any>, run: Run): Command {
  const command = parent
    .command(spec.name)
    .description(spec.description ?? spec.summary)
    .summary(spec.summary);
  for (const a of spec.arguments ?? []) command.argument(a.name, a.description);
  for (const o of spec.options ?? []) {
    const option = new Option(o.flags, o.description);
    if (o.choices) option.choices(o.choices);
    if (o.parse) option.argParser(o.parse as (value: string, previous: unknown) => unknown);
    if (o.default !== undefined) option.default(o.default);
    command.addOption(o.hidden ? option.hideHelp() : option);
  }
  addGlobals(command, true);
  if (spec.examples?.length) {
    command.addHelpText("after", `\nExamples:\n${spec.examples.map((e) => `  $ ${e}`).join("\n")}`);
  }
  command.addHelpText("after", "\nOptions of every command: windops --help");
  for (const sub of spec.subcommands ?? []) addCommand(command, sub, run);
  if (spec.run) {
    command.action((...all: any[]) => run(spec, all.slice(0, -2), command.optsWithGlobals()));
  }
  return command;
}

/** The program with `name`'s command declared in full and all others by their summary. */
export async function program(name: string | undefined, run: Run): Promise<Command> {
  const root = new Command("windops")
    .description("A real-time wind-turbine anomaly pipeline: on AWS, or whole on this machine.")
    .version(version, "--version")
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError();
  addGlobals(root, false);
  root.addHelpText("after", "\nStart with: windops demo");
  for (const [key, entry] of Object.entries(commands)) {
    if (key === name) addCommand(root, (await entry.load()).command, run);
    else root.command(key).summary(entry.summary).description(entry.summary);
  }
  return root;
}

/** What a command gets to clean up after its reader has gone. */
const CLEANUP_MS = 2_000;

/** Runs the command line `argv` (without node and script) and resolves to its exit code. */
export async function main(argv: string[], process: NodeJS.Process): Promise<number> {
  const json = argv.includes("--json");
  const color = !argv.includes("--no-color") && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const verbose = argv.includes("--verbose");
  const abort = new AbortController();
  let interrupted = false;
  const onSignal = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    abort.abort(new WindopsError("E_INTERRUPTED", "Interrupted.", { exitCode: 130 }));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  // A reader that has gone (`| head`) is a clean end, not an error; what the command holds on AWS it still gives back.
  let readerGone = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (readerGone) return;
    readerGone = true;
    abort.abort();
    setTimeout(() => process.exit(0), CLEANUP_MS);
  });

  let exitCode = 0;
  const run: Run = async (spec, args, options) => {
    const { terminal } = await import("./io/terminal/terminal.ts");
    const io = terminal({ stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, json, color });
    const ctx: Context = {
      io,
      env: process.env,
      cwd: process.cwd(),
      globals: { ...options, json, color, verbose } as GlobalOptions,
      signal: abort.signal,
      now: () => new Date(),
    };
    const result = await spec.run!(ctx, args, options);
    if (result !== undefined) {
      if (json) process.stdout.write(`${printableJson(result, 2)}\n`);
      else spec.render?.(result, io);
      exitCode = spec.exitCode?.(result) ?? 0;
    }
    if (interrupted) exitCode = 130;
  };

  try {
    const root = await program(commandName(argv), run);
    if (argv.length === 0) {
      root.outputHelp();
      return 0;
    }
    await root.parseAsync(argv, { from: "user" });
    return readerGone ? 0 : exitCode;
  } catch (error) {
    if (readerGone) return 0;
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return failure(error, { stdout: process.stdout, stderr: process.stderr, json, color, verbose, interrupted });
  }
}
