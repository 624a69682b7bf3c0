import { number, rate } from "../io/parse.ts";
import { defineCommand } from "../io/terminal/command.ts";
import { renderSetup, runSetup, setupExitCode, setupOptions, tuningOptions } from "./setup-step.ts";

const STEPS =
  "upload-jar create-streams create-table create-topic deploy-functions configure-flink attach-triggers subscribe start".split(
    " ",
  );

export const command = defineCommand({
  name: "setup",
  summary: "create or repair the whole pipeline, or the steps named",
  description:
    "Creates what isn't there and repairs what differs, independent parts at once, and starts the Flink application. A second run changes nothing. Steps: " +
    `${STEPS.join(", ")}.`,
  arguments: [{ name: "[step...]", description: "only these steps", words: STEPS }],
  options: [
    ...setupOptions,
    ...tuningOptions,
    {
      flags: "--turbines <n>",
      description: "size shards and parallelism for so many turbines (turbines)",
      parse: number("--turbines", { min: 1, max: 10_000_000, integer: true }),
    },
    {
      flags: "--rate <n/s>",
      description: "with --turbines: readings a second in all (rate, one a turbine)",
      parse: rate("--rate"),
    },
    { flags: "--yes", description: "on AWS, don't ask after showing what it costs" },
  ],
  examples: [
    "windops setup",
    "windops setup --dry-run",
    "windops setup create-streams create-table",
    "windops setup --turbines 2000 --dry-run",
    "windops setup --profile prod --region eu-west-1",
  ],
  async run(ctx, [words]: [string[]], options) {
    const { parseSteps } = await import("../pipeline/plan/steps.ts");
    const { farmOf } = await import("../pipeline/settings/sizing.ts");
    return runSetup({ ...ctx, env: farmOf(ctx.env, options) }, parseSteps(words ?? []), options, true);
  },
  render: renderSetup,
  exitCode: setupExitCode,
});
