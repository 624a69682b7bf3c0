import { defineCommand } from "../io/command.ts";
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
    { flags: "--yes", description: "on AWS, don't ask after showing what it costs" },
  ],
  examples: [
    "windops setup",
    "windops setup --dry-run",
    "windops setup create-streams create-table",
    "windops setup --profile prod --region eu-west-1",
  ],
  async run(ctx, [words]: [string[]], options) {
    const { parseSteps } = await import("../pipeline/steps.ts");
    return runSetup(ctx, parseSteps(words ?? []), options, true);
  },
  render: renderSetup,
  exitCode: setupExitCode,
});
