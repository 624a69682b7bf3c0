import type { DestinationConfig } from "../model.ts";

/** A mapping as stored, by its UUID. */
export interface Mapping {
  uuid: string;
  region: string;
  functionArn: string;
  streamArn: string;
  state: "Creating" | "Enabling" | "Enabled" | "Updating" | "Disabling" | "Disabled" | "Deleting";
  /** What the state settles to. */
  enabled: boolean;
  startingPosition: "TRIM_HORIZON" | "LATEST" | "AT_TIMESTAMP";
  /** Epoch milliseconds: of AT_TIMESTAMP, and the moment of creation under LATEST. */
  startingAt?: number;
  settings: Settings;
  lastModified: number;
  tags: Record<string, string>;
}

export interface Settings {
  BatchSize: number;
  MaximumBatchingWindowInSeconds: number;
  ParallelizationFactor: number;
  /** -1: until the record leaves the stream. */
  MaximumRecordAgeInSeconds: number;
  MaximumRetryAttempts: number;
  BisectBatchOnFunctionError: boolean;
  TumblingWindowInSeconds: number;
  DestinationConfig: DestinationConfig;
  FunctionResponseTypes: string[];
}

export const DEFAULTS: Settings = {
  BatchSize: 100,
  MaximumBatchingWindowInSeconds: 0,
  ParallelizationFactor: 1,
  MaximumRecordAgeInSeconds: -1,
  MaximumRetryAttempts: -1,
  BisectBatchOnFunctionError: false,
  TumblingWindowInSeconds: 0,
  DestinationConfig: { OnFailure: {} },
  FunctionResponseTypes: [],
};
