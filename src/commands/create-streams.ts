import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "create-streams",
  "the two streams",
  "Makes the streams of readings and of scored readings.",
);
