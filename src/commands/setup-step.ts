import type { CommandSpec, Context, OptionSpec } from "../io/command.ts";
import type { IO } from "../io/io.ts";
import type { SetupResult } from "../pipeline/provision.ts";
import type { Step } from "../pipeline/resource.ts";

/** Options of `setup` and of each of its steps. */
export const setupOptions: OptionSpec[] = [
  { flags: "--dry-run", description: "print what would be created, changed and left; call nothing but reads" },
  { flags: "--detailed-exitcode", description: "exit with 2 if something was, or would be, created or changed" },
  { flags: "--adopt", description: "take over resources of the same name that this pipeline didn't make" },
];

interface SetupFlags {
  dryRun?: boolean;
  detailedExitcode?: boolean;
  adopt?: boolean;
}

export async function runSetup(ctx: Context, steps: Step[], flags: SetupFlags & { email?: string[] }) {
  const [{ connect }, { provisioning, setup }] = await Promise.all([
    import("../pipeline/session.ts"),
    import("../pipeline/provision.ts"),
  ]);
  const session = await connect(ctx);
  if (flags.email) session.settings = { ...session.settings, email: flags.email };
  const result = await setup(ctx, provisioning(session, ctx.env), {
    steps,
    dryRun: flags.dryRun ?? false,
    adopt: flags.adopt ?? false,
  });
  return { ...result, detailedExitcode: flags.detailedExitcode ?? false };
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
export function stepCommand(step: Step, summary: string, description: string): CommandSpec<StepResult> {
  return {
    name: step,
    summary,
    description,
    options: setupOptions,
    run: (ctx, _, options) => runSetup(ctx, [step], options),
    render: renderSetup,
    exitCode: setupExitCode,
  };
}
