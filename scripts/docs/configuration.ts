import { z } from "zod";
import { settingsSchema } from "../../src/pipeline/settings/config.ts";
import { variables } from "../../src/pipeline/settings/settings.ts";

/** Variables that are no settings: what they do. A test holds this to the sources. */
const others: Record<string, string> = {
  WINDOPS_CONFIG: "the settings file, as `--config`",
  WINDOPS_STATE_DIR: "the embedded stack's folder, as `--state-dir`",
  WINDOPS_ENGINE: "engine of the embedded stack's Flink applications, `embedded` or `flink`, as `local up --engine`",
  WINDOPS_FLINK_DIR: "where `windops build` puts the jar and Flink's runtime, and where they are looked for first",
  WINDOPS_SMTP_URL: "a mail server (`smtp://user:password@host:port`) through which the embedded stack's mails go out",
  WINDOPS_SMTP_FROM: "the sender of those mails",
  WINDOPS_UI_TOKEN: "a token of the page's link that stays the same; else each start makes one",
};
const foreign: Record<string, string> = {
  AWS_ENDPOINT_URL: "an AWS-compatible endpoint to work on, as `--endpoint-url`",
  "AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION": "count once AWS or an endpoint was chosen, and don't choose it",
  "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN":
    "the SDK's credentials, where AWS or an endpoint was chosen",
  JAVA_HOME: "the JDK for `windops build` and `--engine flink`; else `java` on the PATH",
  XDG_STATE_HOME: "the embedded stack's folder is `windops` in it, unless said otherwise",
  NO_COLOR: "no colour, no spinner, as `--no-color`; `TERM=dumb` too",
};

interface JsonSchema {
  type?: string;
  enum?: string[];
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
}

const cell = (text: string) => text.replaceAll("|", "\\|");

function type(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.items) return `list of ${type(schema.items)}`;
  const { minimum, maximum, exclusiveMinimum } = schema;
  if (exclusiveMinimum !== undefined) return `${schema.type} > ${exclusiveMinimum}`;
  return minimum === undefined || maximum === undefined ? `${schema.type}` : `${schema.type}, ${minimum} to ${maximum}`;
}

function rows(properties: Record<string, JsonSchema>, path: string[]): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (name === "$schema" || schema.properties) return [];
    const key = [...path, name];
    const [variable = ""] = Object.entries(variables).find(([, { path }]) => path.join() === key.join()) ?? [];
    const fallback = schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
    return `| \`${key.join(".")}\` | ${cell(schema.description ?? "")} | ${cell(type(schema))} | ${fallback} | ${variable && `\`${variable}\``} |`;
  });
}

const list = (entries: Record<string, string>) =>
  Object.entries(entries).map(([name, text]) => `| \`${name.replaceAll(", ", "`, `")}\` | ${cell(text)} |`);

/** docs/configuration.md, made from the settings' one definition. */
export function configurationReference(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: "input", target: "draft-7" }) as JsonSchema;
  const head = ["| setting | | takes | default | variable |", "|---|---|---|---|---|"];
  return `${[
    "# Configuration",
    "",
    "Made from the settings' one definition by `npm run docs`; a test holds it to that.",
    "",
    "Settings come from `windops.json` (the nearest at or above the working directory, or `--config FILE`), then from `WINDOPS_*`",
    "variables, then from [flags](commands.md#options-of-every-command); the last wins. None is needed. A key or a value that doesn't do is an",
    "error that names where it stands. Editors complete and check the file with the schema that comes with the package:",
    "",
    "```json",
    "{",
    '  "$schema": "./node_modules/windops/schema/windops.schema.json",',
    '  "region": "eu-west-1",',
    '  "prefix": "north-",',
    '  "email": ["operator@example.org"]',
    "}",
    "```",
    "",
    "`windops setup --dry-run` shows what a change of settings would change in the pipeline.",
    "",
    "## Settings",
    "",
    ...head,
    ...rows(schema.properties!, []),
    "",
    "Durations are texts such as `90s`, `15m`, `2h`, `1d`.",
    "",
    "## Names",
    "",
    "The prefix is put before these too (not before the jar's key).",
    "",
    ...head,
    ...rows(schema.properties!.names!.properties!, ["names"]),
    "",
    "## Where commands work",
    "",
    'On the embedded stack, unless `--aws`, `--profile`, `"target": "aws"` or `WINDOPS_TARGET=aws` says AWS, or `--endpoint-url`,',
    "`endpointUrl`, `WINDOPS_ENDPOINT_URL` or `AWS_ENDPOINT_URL` another endpoint. `--local` overrides all of these but flags, with which it doesn't go.",
    "",
    "## Other variables",
    "",
    "| variable | |",
    "|---|---|",
    ...list(others),
    "",
    "Of others' variables these count:",
    "",
    "| variable | |",
    "|---|---|",
    ...list(foreign),
  ].join("\n")}\n`;
}

/** Every variable of windops' own that the page names. */
export const documentedVariables: ReadonlySet<string> = new Set([...Object.keys(variables), ...Object.keys(others)]);
