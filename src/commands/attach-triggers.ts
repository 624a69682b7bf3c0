import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "attach-triggers",
  "the trigger, the schedule and the alarms",
  "Has the output stream call the destination function and a schedule the delivery function, and makes the alarms that tell of a dead pipeline.",
);
