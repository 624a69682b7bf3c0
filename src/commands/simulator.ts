import { usageError } from "../io/errors/errors.ts";
import { milliseconds, number, rate } from "../io/parse.ts";
import { type Context, defineCommand, type OptionSpec } from "../io/terminal/command.ts";
import type { SimulatorStatus } from "../operate/simulator/simulator.ts";

const upOptions: OptionSpec[] = [
  {
    flags: "--for <time>",
    description: "how long until it ends itself, up to 7d (default 1h)",
    parse: milliseconds("--for"),
  },
  {
    flags: "--turbines <n>",
    description: "turbines of the farm (default 10)",
    parse: number("--turbines", { min: 1, max: 1_000_000, integer: true }),
  },
  { flags: "--rate <n/s>", description: "readings a second in all (default one a turbine)", parse: rate("--rate") },
  {
    flags: "--anomalies <n>",
    description: "labelled anomalies in all (default 3)",
    parse: number("--anomalies", { min: 0, max: 100_000, integer: true }),
  },
  { flags: "--seed <n>", description: "of the wind", parse: number("--seed", { min: 0, integer: true }) },
];

const SHORTEST = 60_000;
const LONGEST = 7 * 86_400_000;

async function connected(ctx: Context) {
  const [{ connect }, { provisioning }, simulator] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../pipeline/plan/provision.ts"),
    import("../operate/simulator/simulator.ts"),
  ]);
  const what = provisioning(await connect(ctx), ctx.env);
  if (what.pipeline.target.kind === "local") {
    ctx.io.err("The embedded stack's instances run nothing: for readings here use `windops simulate`.");
  }
  return { what, ...simulator };
}

function line({ running, name, instance, state, until, costPerHour }: SimulatorStatus): string {
  if (!instance) return `${name} doesn't run.`;
  const end = until ? `, ends itself at ${until}` : "";
  return `${name}: ${instance} ${state}${running ? `${end}, ${costPerHour.toFixed(4)} USD an hour` : ""}`;
}

export const command = defineCommand({
  name: "simulator",
  summary: "the simulator on a small EC2 instance, which ends by itself",
  description:
    'Runs `windops simulate` on a small EC2 instance named "Wind Turbine Simulator", which may write to the stream of readings and nothing else, has no open port, and ends by itself.',
  subcommands: [
    defineCommand({
      name: "up",
      summary: "start it; one that runs is left as it is",
      options: upOptions,
      examples: ["windops simulator up --aws --for 2h --turbines 50"],
      async run(ctx, _, options) {
        const time = options.for ?? 3_600_000;
        if (time < SHORTEST || time > LONGEST) throw usageError("--for takes a time from 1m to 7d.");
        if (options.rate === Number.POSITIVE_INFINITY) throw usageError("On EC2 --rate takes a number, not max.");
        const { what, simulatorUp } = await connected(ctx);
        const { turbines, rate, anomalies = 3, seed } = options;
        return simulatorUp(ctx, what, {
          milliseconds: time,
          anomalies,
          ...(turbines !== undefined && { turbines }),
          ...(rate !== undefined && { rate }),
          ...(seed !== undefined && { seed }),
        });
      },
      render: (result, io) => io.out(`${result.started ? "Started" : "It runs already"}. ${line(result)}`),
    }),
    defineCommand({
      name: "down",
      summary: "end it, and remove its role, instance profile and security group",
      async run(ctx) {
        const { what, simulatorDown } = await connected(ctx);
        return simulatorDown(ctx, what);
      },
      render: ({ removed }, io) =>
        io.out(removed.length > 0 ? `Removed: ${removed.join(", ")}.` : "There was nothing to remove."),
    }),
    defineCommand<SimulatorStatus>({
      name: "status",
      summary: "whether it runs, and until when; exit code 1 if it doesn't",
      async run(ctx) {
        const { what, simulatorStatus } = await connected(ctx);
        return simulatorStatus(what.pipeline);
      },
      render: (result, io) => io.out(line(result)),
      exitCode: ({ running }) => (running ? 0 : 1),
    }),
  ],
});
