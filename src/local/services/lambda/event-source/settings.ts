import { checkDestination } from "../destination.ts";
import { invalid } from "../model.ts";
import { DEFAULTS, type Settings } from "./model.ts";

/** Low and high of each number: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const RANGES = {
  BatchSize: [1, 10_000],
  MaximumBatchingWindowInSeconds: [0, 300],
  ParallelizationFactor: [1, 10],
  MaximumRecordAgeInSeconds: [-1, 604_800],
  MaximumRetryAttempts: [-1, 10_000],
  TumblingWindowInSeconds: [0, 0],
} as const;

/** Settings that would change which records arrive, and that nothing acts on here. */
const UNSUPPORTED = [
  "FilterCriteria",
  "Topics",
  "Queues",
  "SourceAccessConfigurations",
  "SelfManagedEventSource",
  "ScalingConfig",
  "ProvisionedPollerConfig",
];

/** The settings asked for, over the old ones or the defaults. Throws `AwsError` InvalidParameterValueException. */
export function checkSettings(input: Record<string, any>, old: Settings | undefined): Settings {
  for (const name of UNSUPPORTED) {
    const value = input[name];
    if (value && JSON.stringify(value).length > 2 && value.Filters?.length !== 0) {
      throw invalid(`The embedded stack does not support ${name}.`);
    }
  }
  const settings = { ...(old ?? DEFAULTS) };
  for (const [name, [low, high]] of Object.entries(RANGES) as [keyof typeof RANGES, readonly [number, number]][]) {
    const value = input[name];
    if (value === undefined || value === null) continue;
    if (!Number.isInteger(value) || value < low || value > high) {
      throw invalid(
        `Value '${value}' at '${name}' failed to satisfy constraint: Member must be between ${low} and ${high}`,
      );
    }
    settings[name] = value;
  }
  if (settings.MaximumRecordAgeInSeconds >= 0 && settings.MaximumRecordAgeInSeconds < 60) {
    throw invalid(
      `Value '${settings.MaximumRecordAgeInSeconds}' at 'maximumRecordAgeInSeconds' failed to satisfy constraint: Member must be -1 or at least 60`,
    );
  }
  if (input.BisectBatchOnFunctionError !== undefined)
    settings.BisectBatchOnFunctionError = input.BisectBatchOnFunctionError === true;
  if (input.FunctionResponseTypes !== undefined) {
    const unknown = input.FunctionResponseTypes.find((type: string) => type !== "ReportBatchItemFailures");
    if (unknown !== undefined)
      throw invalid(
        `Value '${unknown}' at 'functionResponseTypes' failed to satisfy constraint: [ReportBatchItemFailures]`,
      );
    settings.FunctionResponseTypes = input.FunctionResponseTypes;
  }
  if (input.DestinationConfig !== undefined) {
    checkDestination(input.DestinationConfig.OnFailure?.Destination, ["sns", "s3"]);
    settings.DestinationConfig = { OnFailure: {}, ...input.DestinationConfig };
  }
  return settings;
}
