import type { Context } from "../io/command.ts";

/**
 * The running embedded stack of `ctx`'s state folder and port; started (and said so on stderr) if it isn't running,
 * unless `start` is false: then throws a `WindopsError`.
 */
export declare function ensureStack(ctx: Context, options: { start: boolean }): Promise<{ endpoint: string }>;
