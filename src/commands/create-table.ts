import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "create-table",
  "the tables of readings and of alerts",
  "Makes the DynamoDB tables of readings and of alerts.",
);
