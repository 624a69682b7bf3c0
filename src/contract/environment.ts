/** Where the bucket keeps, whole, what could not be processed. */
export const QUARANTINE_PREFIX = "quarantine/";

/** What the functions read from their environment; src/pipeline/settings/functions.ts writes it. */
export interface FunctionSettings {
  table: string;
  alertTable: string;
  /** From this score a reading is an anomaly. */
  minScore: number;
}

export interface DestinationSettings extends FunctionSettings {
  deliveryFunction: string | undefined;
  quarantineBucket: string | undefined;
}

export interface DeliverySettings extends FunctionSettings {
  topicArn: string;
  everyReading: boolean;
  /** Milliseconds of event time without an anomaly after which the next one is a new one. */
  quiet: number;
  /** Milliseconds of event time after a turbine was told of in which its further anomalies aren't; 0: none. */
  cooldown: number;
  /** Milliseconds in which the anomalies of a location are gathered into one notification; 0: each has its own. */
  digest: number;
  calmNotice: boolean;
}

type Environment = Record<string, string | undefined>;

function shared(env: Environment): FunctionSettings {
  const table = required(env, "OUTPUT_TABLE_NAME");
  return { table, alertTable: env.ALERT_TABLE_NAME || `${table}Alerts`, minScore: numberOf(env, "MIN_SCORE", 2) };
}

export function destinationSettings(env: Environment): DestinationSettings {
  return {
    ...shared(env),
    deliveryFunction: env.DELIVERY_FUNCTION_NAME || undefined,
    quarantineBucket: env.QUARANTINE_BUCKET || undefined,
  };
}

export function deliverySettings(env: Environment): DeliverySettings {
  return {
    ...shared(env),
    topicArn: required(env, "SNS_TOPIC_ARN"),
    everyReading: env.NOTIFY === "every-reading",
    quiet: 1000 * numberOf(env, "QUIET_SECONDS", 900),
    cooldown: 1000 * numberOf(env, "COOLDOWN_SECONDS", 0),
    digest: 1000 * numberOf(env, "DIGEST_SECONDS", 0),
    calmNotice: env.CALM_NOTICE === "true",
  };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`The function's environment lacks ${name}: run windops setup deploy-functions`);
  return value;
}

function numberOf(env: Environment, name: string, fallback: number): number {
  const value = env[name] ? Number(env[name]) : fallback;
  if (!Number.isFinite(value)) throw new Error(`The function's environment has ${name}=${env[name]}, not a number`);
  return value;
}
