import { printable } from "../contract/printable.ts";
import { defineCommand } from "../io/terminal/command.ts";
import type { Checked, Diagnosis } from "../operate/doctor/check.ts";

export const command = defineCommand<Diagnosis>({
  name: "doctor",
  summary: "what could be in the way, each checked for real, with the fix",
  description:
    "Checks Node.js, settings, credentials, clock, the embedded stack, permissions, quotas, the jar, every resource and the subscriptions: each for real, and says how to mend what isn't well. Changes nothing, and starts nothing. Exits with 1 where a check failed.",
  examples: ["windops doctor", "windops doctor --aws --profile prod", "windops doctor --json"],
  async run(ctx) {
    const [{ connect }, { provisioning }, { diagnose }] = await Promise.all([
      import("../pipeline/settings/session.ts"),
      import("../pipeline/plan/provision.ts"),
      import("../operate/doctor/doctor.ts"),
    ]);
    let connected: ReturnType<typeof connect> | undefined;
    const session = () => {
      connected ??= connect(ctx, { start: false, quiet: true });
      return connected;
    };
    const what = async () => provisioning(await session(), ctx.env);
    return diagnose({ ctx, node: process.versions.node, session, what }, (checked) => {
      for (const line of lines(checked, ctx.io.style)) ctx.io.out(line);
    });
  },
  render({ ok, checks }, io) {
    const ill = checks.filter(({ state }) => state === "failed").length;
    io.out(ok ? "Nothing is in the way." : `${ill} of ${checks.length} checks failed.`);
  },
  exitCode: ({ ok }) => (ok ? 0 : 1),
});

type Style = { red(s: string): string; green(s: string): string; yellow(s: string): string; dim(s: string): string };

function lines({ title, state, detail, fix }: Checked, style: Style): string[] {
  const marks = { ok: style.green("✔"), failed: style.red("✖"), warning: style.yellow("!"), skipped: style.dim("–") };
  return [`${marks[state]} ${title}: ${printable(detail)}`, ...(fix === undefined ? [] : [`  → ${printable(fix)}`])];
}
