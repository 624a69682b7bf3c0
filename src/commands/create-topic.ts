import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "create-topic",
  "the topics of notifications and of the pipeline's health",
  "Makes the SNS topics of notifications and of the pipeline's own health.",
);
