import { GetFunctionCommand, UpdateFunctionConfigurationCommand } from "../../aws/lambda.ts";
import { usageError, WindopsError } from "../../io/errors/errors.ts";
import type { Session } from "../../pipeline/settings/session.ts";

/** The slider's range. */
export const THRESHOLDS = Array.from({ length: 56 }, (_, i) => (i + 5) / 10);

/** The threshold that the destination function works with; the settings' where it isn't deployed. */
export async function thresholdOf({ clients, names, settings }: Session): Promise<number> {
  try {
    const lambda = await clients.lambda();
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: names.destinationFunction }));
    const minScore = Number(Configuration?.Environment?.Variables?.MIN_SCORE);
    return minScore > 0 ? minScore : settings.minScore;
  } catch {
    return settings.minScore;
  }
}

/** Gives both functions another threshold. Anywhere but on the embedded stack the page only reads: a `WindopsError` says how to do it there. */
export async function applyThreshold({ clients, names, target }: Session, minScore: unknown): Promise<number> {
  if (typeof minScore !== "number" || !(minScore > 0) || minScore > 1000) {
    throw usageError("A threshold is a number above 0.", "Choose one with the slider.");
  }
  if (target.kind !== "local") {
    throw new WindopsError("E_READ_ONLY", "The page changes nothing but the embedded stack.", {
      hint: `Run \`windops deploy-functions --aws --min-score ${minScore}\`.`,
    });
  }
  const lambda = await clients.lambda();
  for (const FunctionName of [names.destinationFunction, names.deliveryFunction]) {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    const Variables = { ...Configuration?.Environment?.Variables, MIN_SCORE: String(minScore) };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  }
  return minScore;
}
