import type { IO } from "./io.ts";

/** One option in commander's notation, e.g. `--min-score <n>`. `parse` throws `usageError` on bad values. */
export interface OptionSpec {
  flags: string;
  description: string;
  parse?: (value: string, previous: unknown) => unknown;
  default?: unknown;
  choices?: readonly string[];
  hidden?: boolean;
}

/** Options that every command takes. */
export interface GlobalOptions {
  json: boolean;
  color: boolean;
  verbose: boolean;
  local?: boolean;
  aws?: boolean;
  profile?: string;
  region?: string;
  endpointUrl?: string;
  stateDir?: string;
  port?: number;
  prefix?: string;
  config?: string;
}

/** What a command gets from the edge: the terminal, the environment and the signal that Ctrl-C raises. */
export interface Context {
  io: IO;
  env: NodeJS.ProcessEnv;
  cwd: string;
  globals: GlobalOptions;
  /** Aborted by the first Ctrl-C (a second one ends the process), and when stdout's reader has gone. */
  signal: AbortSignal;
  now: () => Date;
  /** Told of every call to a service, as it is made. */
  onCall?(call: { service: string; operation: string; input: Record<string, unknown> }): void;
}

/**
 * A command as one declarative object. A command file imports only types and this file at its top; everything heavy
 * is imported inside `run`, so that `windops <command> --help` loads nothing else.
 *
 * `run` returns the command's data. With `--json` it is printed as one document; otherwise `render` prints it.
 * Streaming commands call `ctx.io.record(value, text)` for each item and return nothing.
 */
export interface CommandSpec<Result = unknown> {
  name: string;
  summary: string;
  description?: string;
  /** Positional arguments in commander's notation: `<stream>`, `[step...]`. */
  arguments?: {
    name: string;
    description: string /** For completion: others are taken too. */;
    words?: readonly string[];
  }[];
  options?: OptionSpec[];
  subcommands?: CommandSpec<any>[];
  examples?: string[];
  run?(ctx: Context, args: any[], options: Record<string, any>): Promise<Result>;
  render?(result: Result, io: IO): void;
  /** Exit code for a result that isn't an error, e.g. 2 for a plan that differs. */
  exitCode?(result: Result): number;
}

export function defineCommand<Result>(spec: CommandSpec<Result>): CommandSpec<Result> {
  return spec;
}
