import { stepCommand, tuningOptions } from "./setup-step.ts";

export const command = stepCommand(
  "deploy-functions",
  "the two functions, with their roles and logs",
  "Makes the destination and the delivery function, with their roles and log groups.",
  tuningOptions,
);
