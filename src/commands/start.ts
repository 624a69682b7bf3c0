import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "start",
  "start the Flink application, from its latest snapshot",
  "Starts the Flink application, from its latest snapshot where there is one.",
);
