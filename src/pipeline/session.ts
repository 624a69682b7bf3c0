import type { Clients } from "../aws/clients.ts";
import type { Context } from "../io/command.ts";
import type { Names, Settings } from "./config.ts";

/** Where a command works. */
export interface Target {
  kind: "local" | "aws" | "endpoint";
  region: string;
  account: string;
  profile?: string;
  endpoint?: string;
}

/** Settings, names and clients for one run of a command. */
export interface Session {
  target: Target;
  settings: Settings;
  names: Names;
  clients: Clients;
}

/**
 * Resolves settings, profile and region, then builds the clients; says on stderr what it works on; starts the
 * embedded stack where the target is local and it isn't running (unless `start` is false).
 */
export declare function connect(ctx: Context, options?: { start?: boolean; quiet?: boolean }): Promise<Session>;
