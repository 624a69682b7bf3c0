import { partitionOf } from "../../aws/partition.ts";
import { usageError } from "../../io/errors/errors.ts";
import type { Context } from "../../io/terminal/command.ts";
import { names } from "../settings/config.ts";
import { connect, LOCAL_ACCOUNT } from "../settings/session.ts";
import { loadSettings } from "../settings/settings.ts";
import { chooseTarget, DEFAULT_REGION } from "../settings/target.ts";
import type { Where } from "./resources.ts";

/**
 * The pipeline that a policy is for: on the target or, with `account`, in that account: whoever writes the policy may not have its
 * credentials yet. The embedded stack isn't needed for it, so it isn't started.
 */
export async function whereOf(ctx: Context, account?: string): Promise<Where> {
  if (account !== undefined && !/^\d{12}$/.test(account))
    throw usageError(`"${account}" is no account.`, "It has 12 digits.");
  const loaded = loadSettings(ctx.env, ctx.cwd, ctx.globals);
  const choice = chooseTarget(loaded, ctx.env, ctx.globals);
  const known = account ?? (choice.kind === "local" ? LOCAL_ACCOUNT : undefined);
  if (known === undefined) return connect(ctx);
  const region = choice.region ?? DEFAULT_REGION;
  const settings = { ...loaded, region };
  const target = { kind: "aws", partition: partitionOf(region), region, account: known } as const;
  return { target, settings, names: names(settings, known) };
}
