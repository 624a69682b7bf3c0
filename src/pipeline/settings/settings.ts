import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { z } from "zod";
import { WindopsError } from "../../io/errors/errors.ts";
import type { GlobalOptions } from "../../io/terminal/command.ts";
import { settingsSchema } from "./config.ts";
import { sizing } from "./sizing.ts";

type Input = Record<string, unknown>;
export type LoadedSettings = z.infer<typeof settingsSchema>;

/** Any other text stays one, and is refused with the variable's name. */
const boolean = (text: string): unknown => (text === "true" ? true : text === "false" ? false : text);

/** How each WINDOPS_* variable is read: its path in windops.json and what its text means. */
export const variables: Record<string, { path: string[]; parse?: (text: string) => unknown }> = {
  WINDOPS_TARGET: { path: ["target"] },
  WINDOPS_REGION: { path: ["region"] },
  WINDOPS_PROFILE: { path: ["profile"] },
  WINDOPS_ENDPOINT_URL: { path: ["endpointUrl"] },
  WINDOPS_PREFIX: { path: ["prefix"] },
  WINDOPS_MIN_SCORE: { path: ["minScore"], parse: Number },
  WINDOPS_QUIET: { path: ["quiet"] },
  WINDOPS_COOLDOWN: { path: ["cooldown"] },
  WINDOPS_DIGEST: { path: ["digest"] },
  WINDOPS_CALM_NOTICE: { path: ["calmNotice"], parse: boolean },
  WINDOPS_NOTIFY: { path: ["notify"] },
  WINDOPS_TURBINES: { path: ["turbines"], parse: Number },
  WINDOPS_RATE: { path: ["rate"], parse: Number },
  WINDOPS_SHARDS: { path: ["shards"], parse: Number },
  WINDOPS_RETENTION_HOURS: { path: ["retentionHours"], parse: Number },
  WINDOPS_PARALLELISM: { path: ["parallelism"], parse: Number },
  WINDOPS_AUTO_SCALING: { path: ["autoScaling"], parse: boolean },
  WINDOPS_METRICS_LEVEL: { path: ["metricsLevel"] },
  WINDOPS_CHECKPOINT_INTERVAL: { path: ["checkpointInterval"] },
  WINDOPS_SNAPSHOTS: { path: ["snapshots"], parse: Number },
  WINDOPS_LOG_RETENTION_DAYS: { path: ["logRetentionDays"], parse: Number },
  WINDOPS_SILENT_MINUTES: { path: ["silentMinutes"], parse: Number },
  WINDOPS_PROVE_EVERY: { path: ["proveEvery"] },
  WINDOPS_EMAIL: { path: ["email"], parse: (text) => text.split(",").map((address) => address.trim()) },
  WINDOPS_BUCKET: { path: ["names", "bucket"] },
  WINDOPS_JAR_KEY: { path: ["names", "jarKey"] },
  WINDOPS_INPUT_STREAM: { path: ["names", "inputStream"] },
  WINDOPS_OUTPUT_STREAM: { path: ["names", "outputStream"] },
  WINDOPS_APPLICATION: { path: ["names", "application"] },
  WINDOPS_DESTINATION_FUNCTION: { path: ["names", "destinationFunction"] },
  WINDOPS_DELIVERY_FUNCTION: { path: ["names", "deliveryFunction"] },
  WINDOPS_TABLE: { path: ["names", "table"] },
  WINDOPS_TOPIC: { path: ["names", "topic"] },
};

/** The nearest windops.json at or above `cwd`. */
export function findSettingsFile(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = join(folder, "windops.json");
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Settings of windops.json (found upwards from `cwd`, or `--config`), then WINDOPS_*, then flags; the last wins.
 * Throws a `WindopsError` that names the file or variable, the key and the fix.
 */
export function loadSettings(env: NodeJS.ProcessEnv, cwd: string, globals: Partial<GlobalOptions>): LoadedSettings {
  const named = globals.config ?? env.WINDOPS_CONFIG;
  const file = named === undefined ? findSettingsFile(cwd) : resolve(cwd, named);
  const merged: Input = file === undefined ? {} : readFile(file);
  const origin = new Map<string, string>();

  for (const [variable, { path, parse }] of Object.entries(variables)) {
    const text = env[variable];
    if (text === undefined || text === "") continue;
    set(merged, path, parse ? parse(text) : text);
    origin.set(path.join("."), variable);
  }
  const flags: [string, unknown, string][] = [
    ["target", globals.local ? "local" : globals.aws || globals.profile ? "aws" : undefined, "--aws"],
    ["region", globals.region, "--region"],
    ["profile", globals.profile, "--profile"],
    ["endpointUrl", globals.endpointUrl, "--endpoint-url"],
    ["prefix", globals.prefix, "--prefix"],
  ];
  for (const [key, value, flag] of flags) {
    if (value === undefined) continue;
    merged[key] = value;
    origin.set(key, flag);
  }
  return sized(check(merged, origin, file === undefined ? "windops.json" : relative(cwd, file) || file), merged);
}

/** Shards and parallelism by the farm's size, where it's told and they aren't. */
function sized(settings: LoadedSettings, said: Input): LoadedSettings {
  const { turbines, rate } = settings;
  if (turbines === undefined) return settings;
  const { shards, parallelism } = sizing({ turbines, readingsPerSecond: rate ?? turbines });
  return {
    ...settings,
    ...(said.shards === undefined && { shards }),
    ...(said.parallelism === undefined && { parallelism }),
  };
}

function readFile(file: string): Input {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new WindopsError("E_CONFIG_READ", `Can't read the settings file ${file}: ${(cause as Error).message}`, {
      hint: "Pass an existing file with --config, or leave it out.",
      exitCode: 2,
      cause,
    });
  }
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Input;
    throw new SyntaxError("it holds no JSON object");
  } catch (cause) {
    throw new WindopsError("E_CONFIG_JSON", `${file} isn't valid JSON: ${(cause as Error).message}`, {
      hint: 'Its content is one object, e.g. {"region": "eu-west-1"}.',
      exitCode: 2,
      cause,
    });
  }
}

function set(target: Input, path: string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  target[key] = typeof inner === "object" && inner !== null ? { ...inner } : {};
  set(target[key] as Input, rest, value);
}

/** Settings that a program gives. Throws a `WindopsError` E_CONFIG_VALUE that names the key and the fix. */
export function parseSettings(input: Input): LoadedSettings {
  return check(input, new Map(), "settings");
}

function check(input: Input, origin: Map<string, string>, file: string): LoadedSettings {
  const result = settingsSchema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const key = [...issue.path, ...(unknown === undefined ? [] : [unknown])].join(".");
  const where = origin.get(key) ?? [...origin].find(([path]) => key.startsWith(`${path}.`))?.[1];
  const what = unknown === undefined ? issue.message : "isn't a setting";
  const shape = shapeAt(issue.path.map(String));
  const known = unknown === undefined ? shape?.description : `Known: ${Object.keys(shape?.shape ?? {}).join(", ")}.`;
  throw new WindopsError("E_CONFIG_VALUE", `${where ?? `${file}: "${key}"`}: ${what}`, {
    hint: known === undefined ? "See docs/configuration.md." : `${known} See docs/configuration.md.`,
    exitCode: 2,
  });
}

/** The schema at `path`, with defaults and optionals unwrapped, for its description or keys. */
function shapeAt(path: string[]): { description?: string; shape?: Record<string, unknown> } | undefined {
  let schema: any = settingsSchema;
  for (const key of path) {
    while (schema?.def?.innerType && !schema.shape) schema = schema.def.innerType;
    const next = schema?.shape?.[key];
    if (next === undefined) break;
    schema = next;
  }
  const description = schema?.description;
  while (schema?.def?.innerType && !schema.shape) schema = schema.def.innerType;
  return schema && { description: description && `${description}.`, shape: schema.shape };
}
