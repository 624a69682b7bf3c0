import type { Writable } from "node:stream";
import { Chalk } from "chalk";
import { printable, printableJson } from "../../contract/printable.ts";
import { WindopsError } from "./errors.ts";

interface Where {
  stdout: Writable;
  stderr: Writable & { isTTY?: boolean };
  json: boolean;
  color: boolean;
  verbose: boolean;
  interrupted: boolean;
}

/** Says what, why and how to fix it (as JSON on stdout under --json), and returns the exit code. */
export function failure(error: unknown, where: Where): number {
  const shown = describe(error, where.interrupted);
  if (where.json) {
    where.stdout.write(
      `${printableJson({ error: { code: shown.code, message: shown.message, hint: shown.hint } }, 2)}\n`,
    );
  } else {
    const c = new Chalk({ level: where.color && where.stderr.isTTY ? 1 : 0 });
    where.stderr.write(`${c.red("✖")} ${printable(shown.message)} ${c.dim(`(${shown.code})`)}\n`);
    if (shown.hint) where.stderr.write(`  ${printable(shown.hint)}\n`);
  }
  if (where.verbose && error instanceof Error) where.stderr.write(`${error.stack}\n`);
  return shown.exitCode;
}

function describe(
  error: unknown,
  interrupted: boolean,
): { code: string; message: string; hint?: string; exitCode: number } {
  if (error instanceof WindopsError) {
    return { code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode };
  }
  if (interrupted) return { code: "E_INTERRUPTED", message: "Interrupted.", exitCode: 130 };
  const e = error as Error & { code?: string; $metadata?: { httpStatusCode?: number; requestId?: string } };
  // Duck-typed, so that commander needn't be loaded here.
  if (typeof e?.code === "string" && e.code.startsWith("commander.")) {
    const [message, suggestion] = e.message.replace(/^error: /, "").split("\n");
    const meant = suggestion ? `${suggestion.replace(/^\(|\)$/g, "")} ` : "";
    return { code: "E_USAGE", message: message!, hint: `${meant}Run the command with --help.`, exitCode: 2 };
  }
  if (e?.$metadata) {
    const request = e.$metadata.requestId ? ` (request ${e.$metadata.requestId})` : "";
    return {
      code: `E_AWS_${e.name}`,
      message: `${e.message || e.name}${request}`,
      hint: "Run `windops doctor`.",
      exitCode: 1,
    };
  }
  return {
    code: "E_BUG",
    message: `Unexpected: ${e?.message ?? String(error)}`,
    hint: "This is a bug in windops: run again with --verbose and report what it prints.",
    exitCode: 1,
  };
}
