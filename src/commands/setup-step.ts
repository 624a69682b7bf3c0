import { usageError } from "../io/errors/errors.ts";
import { milliseconds, number } from "../io/parse.ts";
import type { CommandSpec, Context, OptionSpec } from "../io/terminal/command.ts";
import type { IO } from "../io/terminal/io.ts";
import type { SetupResult } from "../pipeline/plan/provision.ts";
import type { Step } from "../pipeline/resource.ts";
import type { Settings } from "../pipeline/settings/config.ts";
import { costLines } from "./cost-table.ts";

/** Options of `setup` and of each of its steps. */
export const setupOptions: OptionSpec[] = [
  { flags: "--dry-run", description: "print what would be created, changed and left; call nothing but reads" },
  { flags: "--detailed-exitcode", description: "exit with 2 if something was, or would be, created or changed" },
  { flags: "--adopt", description: "take over resources of the same name that this pipeline didn't make" },
];

/** A duration of at least `min` milliseconds that stays the text it was, as settings have it. */
const durationText =
  (flag: string, min = 0) =>
  (text: string) => {
    if (milliseconds(flag)(text) < min) throw usageError(`${flag} takes ${min / 1000}s or longer, not "${text}"`);
    return text;
  };

/** As the setting: with a threshold of 0 each reading of the warm-up would be an anomaly. */
function minScore(text: string): number {
  const value = number("--min-score", { min: 0 })(text);
  if (value === 0) throw usageError(`--min-score takes a number > 0, not "${text}"`);
  return value;
}

/** What the functions do with anomalies: the settings of the same names, for this run. */
export const tuningOptions: OptionSpec[] = [
  {
    flags: "--min-score <n>",
    description: "score of an anomaly (minScore, 2)",
    parse: minScore,
  },
  {
    flags: "--quiet <time>",
    description: "event time that ends an anomaly (quiet, 15m)",
    parse: durationText("--quiet", 1000),
  },
  {
    flags: "--cooldown <time>",
    description: "don't tell a turbine's next anomalies for so long (cooldown)",
    parse: durationText("--cooldown"),
  },
  {
    flags: "--digest <time>",
    description: "one notification for what a location sees in so long (digest)",
    parse: durationText("--digest"),
  },
  { flags: "--calm-notice", description: "tell when a turbine is calm again (calmNotice)" },
];

interface SetupFlags {
  dryRun?: boolean;
  detailedExitcode?: boolean;
  adopt?: boolean;
  email?: string[];
  minScore?: number;
  quiet?: string;
  cooldown?: string;
  digest?: string;
  calmNotice?: boolean;
  /** Only of `setup`, which asks on AWS unless it is said. */
  yes?: boolean;
}

export async function runSetup(ctx: Context, steps: Step[], flags: SetupFlags, asks = false) {
  const [{ connect }, { provisioning, setup }, { checkSize }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../pipeline/plan/provision.ts"),
    import("../pipeline/settings/sizing.ts"),
  ]);
  const session = await connect(ctx);
  const { email, minScore, quiet, cooldown, digest, calmNotice } = flags;
  const said = Object.entries({ email, minScore, quiet, cooldown, digest, calmNotice }).filter(
    ([, v]) => v !== undefined,
  );
  session.settings = { ...session.settings, ...Object.fromEntries(said) };
  if (session.settings.turbines !== undefined) checkSize(session.settings);
  const result = await setup(ctx, provisioning(session, ctx.env), {
    steps,
    dryRun: flags.dryRun ?? false,
    adopt: flags.adopt ?? false,
    ...(asks && !flags.yes && session.target.kind === "aws" && { agree: () => agreeToCost(ctx, session.settings) }),
  });
  return { ...result, detailedExitcode: flags.detailedExitcode ?? false };
}

/** What the pipeline will cost, on stderr, and whether that is wanted. */
async function agreeToCost(ctx: Context, settings: Settings): Promise<boolean> {
  const { settingsCost } = await import("../pipeline/cost/plan-cost.ts");
  for (const line of costLines(settingsCost(settings))) ctx.io.err(line);
  return ctx.io.confirm("Create or change it?", { flag: "--yes" });
}

const marks: Record<string, string> = { create: "+", created: "+", change: "~", changed: "~", wait: "…" };

/** The plan, or what was done, a line a resource; nothing but a sentence where nothing differs. */
export function renderSetup(result: SetupResult, io: IO): void {
  const { resources, changed, dryRun } = result;
  if (dryRun) {
    for (const { action, type, name, changes } of resources) {
      const mark = marks[action] ?? "=";
      const line = `${mark} ${type} ${name}`;
      io.out(mark === "=" ? io.style.dim(line) : line);
      for (const { property, from, to } of changes) io.out(`    ${property}: ${from ?? "none"} → ${to}`);
    }
  }
  const left = resources.length - changed;
  if (changed === 0) io.out(`Nothing to change: all ${resources.length} resources are as they should be.`);
  else if (dryRun) io.out(`${changed} to create or change, ${left} to leave. Nothing was changed.`);
  else io.out(`Done: ${changed} created or changed, ${left} left as they were.`);
}

type StepResult = SetupResult & { detailedExitcode: boolean };

export const setupExitCode = (result: StepResult) => (result.detailedExitcode && result.changed > 0 ? 2 : 0);

/** A step of `setup` as a command of its own. */
export function stepCommand(
  step: Step,
  summary: string,
  description: string,
  options: OptionSpec[] = [],
): CommandSpec<StepResult> {
  return {
    name: step,
    summary,
    description,
    options: [...setupOptions, ...options],
    run: (ctx, _, options) => runSetup(ctx, [step], options),
    render: renderSetup,
    exitCode: setupExitCode,
  };
}
