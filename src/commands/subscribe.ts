import { defineCommand } from "../io/terminal/command.ts";
import { renderSetup, runSetup, setupExitCode, setupOptions } from "./setup-step.ts";

export const command = defineCommand({
  name: "subscribe",
  summary: "send notifications to an e-mail address",
  description:
    "Subscribes an address to the notifications and to the alarms of the pipeline itself. On AWS the subscriber then confirms both from their inbox.",
  arguments: [{ name: "<email...>", description: "addresses to notify" }],
  options: setupOptions,
  examples: ["windops subscribe operator@example.org"],
  async run(ctx, [email]: [string[]], options) {
    const { checkEmails } = await import("../pipeline/plan/steps.ts");
    return runSetup(ctx, ["subscribe"], { ...options, email: checkEmails(email) });
  },
  render: renderSetup,
  exitCode: setupExitCode,
});
