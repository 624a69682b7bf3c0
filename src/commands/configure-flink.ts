import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "configure-flink",
  "the Flink application, with its role and log",
  "Makes the Flink application, with its role, properties, snapshots and log stream. `windops start` starts it.",
);
