/**
 * An error that the user can do something about: what happened (`message`), how to fix it (`hint`) and a stable
 * `code` that docs/troubleshooting.md lists. Any other error class is a bug of ours.
 */
export class WindopsError extends Error {
  override readonly name = "WindopsError";
  readonly code: string;
  readonly hint: string | undefined;
  /** Process exit code: 1 failed, 2 wrong usage, 130 interrupted. */
  readonly exitCode: number;

  constructor(code: string, message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Wrong flags or arguments: exit code 2. */
export function usageError(message: string, hint?: string): WindopsError {
  return new WindopsError("E_USAGE", message, { hint: hint ?? "Run the command with --help.", exitCode: 2 });
}
