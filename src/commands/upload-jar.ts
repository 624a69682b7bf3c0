import { stepCommand } from "./setup-step.ts";

export const command = stepCommand(
  "upload-jar",
  "the bucket, and the Flink job's jar in it",
  "Makes the bucket and uploads the jar that `windops build` made; the embedded stack does with a placeholder.",
);
