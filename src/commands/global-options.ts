import { usageError } from "../io/errors/errors.ts";
import { number } from "../io/parse.ts";

/** An empty one comes from an unset variable in a script: the default folder would be the wrong one to work on. */
function folder(text: string): string {
  if (text.trim() === "") throw usageError("--state-dir takes a folder, not an empty text.");
  return text;
}

/** Options that every command takes. */
export const globalOptions: [string, string, ((text: string) => unknown)?][] = [
  ["--local", "work on the embedded stack on this machine (the default)"],
  ["--aws", "work on AWS"],
  ["--profile <name>", "AWS profile; implies --aws"],
  ["--region <name>", "AWS region (default us-east-1)"],
  ["--endpoint-url <url>", "any AWS-compatible endpoint instead of AWS"],
  ["--state-dir <dir>", "the embedded stack's folder", folder],
  ["--port <n>", "the embedded stack's port", number("--port", { min: 0, max: 65535, integer: true })],
  ["--prefix <text>", "put before every resource's name, for several pipelines in one account"],
  ["--config <file>", "settings file (default: windops.json, found upwards)"],
  ["--json", "print one JSON document, or NDJSON for streams"],
  ["--no-color", "no colour, no spinner"],
  ["--verbose", "stack traces and the calls made"],
];
