import { number } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import { duration } from "../io/text.ts";
import type { DemoResult } from "../operate/demo/demo.ts";
import type { Alert } from "../operate/demo/watch.ts";

/** The same wind for everybody who tries it. */
const SEED = 1;

export const command = defineCommand<DemoResult>({
  name: "demo",
  summary: "the whole pipeline on this machine: wind, three anomalies, three e-mails",
  description:
    "Starts an embedded stack of its own, sets the pipeline up, sends simulated wind with three injected anomalies, and shows " +
    "the alerts as they come. Fails unless each anomaly became a row and one e-mail, and nothing else did. What it started it takes down.",
  options: [
    { flags: "--keep", description: "leave the stack running, to look around" },
    {
      flags: "--anomalies <n>",
      description: "anomalies to inject",
      default: 3,
      parse: number("--anomalies", { min: 1, max: 100, integer: true }),
    },
    {
      flags: "--turbines <n>",
      description: "turbines of the farm (default 10)",
      parse: number("--turbines", { min: 1, max: 1000, integer: true }),
    },
    {
      flags: "--seed <n>",
      description: "the same seed gives the same wind",
      default: SEED,
      parse: number("--seed", { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }),
    },
    { flags: "--engine <name>", description: "engine of the Flink application", choices: ["embedded", "flink"] },
  ],
  examples: ["windops demo", "windops demo --keep", "windops demo --seed 7 --anomalies 5 --json"],
  run,
  render: (result, io) => {
    const { style } = io;
    for (const problem of result.problems) io.out(style.red(`✖ ${problem}`));
    const n = result.alerts.length;
    if (result.ok) {
      io.out(
        style.green(
          `✔ ${n} anomal${n === 1 ? "y" : "ies"} injected, ${n} found, ${n} e-mail${n === 1 ? "" : "s"} delivered, among ${result.readings.toLocaleString("en-US")} readings of ${result.turbines} turbines; ${duration(result.seconds * 1000)} in all`,
        ),
      );
    }
    if (result.kept) {
      io.out("The stack goes on running. Look around with:");
      io.out(`  export WINDOPS_STATE_DIR=${result.stateDir}`);
      io.out("  windops scan · windops tail AnomalyDetectionStream · windops local inbox · windops local down");
    }
  },
  exitCode: ({ ok }) => (ok ? 0 : 1),
});

async function run(ctx: Context, _: unknown[], options: Record<string, any>): Promise<DemoResult> {
  const { demo } = await import("../operate/demo/demo.ts");
  const { anomalies, turbines, engine } = options;
  return demo(ctx, { anomalies, turbines, engine, seed: options.seed, keep: options.keep === true }, (alert) =>
    show(alert, ctx),
  );
}

function show({ kind, turbineId, location, speed, score, rowMs, mailMs }: Alert, { io }: Context): void {
  const took = (milliseconds: number | undefined) => (milliseconds === undefined ? "?" : duration(milliseconds));
  io.out(
    `${io.style.red("!")} ${kind} at ${turbineId}, ${location}: ${speed.toFixed(1)} m/s, score ${score.toFixed(1)}; row after ${took(rowMs)}, e-mail after ${took(mailMs)}`,
  );
}
