import { type ClientOptions, type Clients, createClients, LOCAL_CREDENTIALS } from "../../aws/clients.ts";
import { credentialsError } from "../../aws/credentials.ts";
import { type Place, partitionOf } from "../../aws/partition.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import type { Context } from "../../io/terminal/command.ts";
import { type Names, names, type Settings } from "./config.ts";
import { type LoadedSettings, loadSettings } from "./settings.ts";
import { type Choice, chooseTarget, DEFAULT_REGION, isLoopback } from "./target.ts";

/** Where a command works. */
export interface Target extends Place {
  kind: "local" | "aws" | "endpoint";
  profile?: string;
  endpoint?: string;
  /** Who acts, where STS was asked. */
  caller?: string;
}

/** Settings, names and clients for one run of a command. */
export interface Session {
  target: Target;
  settings: Settings;
  names: Names;
  clients: Clients;
}

/** The embedded stack's only account. */
export const LOCAL_ACCOUNT = "000000000000";

/**
 * Resolves settings, profile and region, then builds the clients; says on stderr what it works on; starts the
 * embedded stack where the target is local and it isn't running (unless `start` is false: then a stack that isn't
 * running is an error). Throws a `WindopsError` for settings, credentials and endpoints that don't do.
 */
export async function connect(
  ctx: Context,
  options: { start?: boolean; quiet?: boolean; settings?: LoadedSettings } = {},
): Promise<Session> {
  const settings = options.settings ?? loadSettings(ctx.env, ctx.cwd, ctx.globals);
  const choice = chooseTarget(settings, ctx.env, ctx.globals);
  const observe: Pick<ClientOptions, "onCall"> = {
    onCall: (call) => {
      ctx.onCall?.(call);
      if (ctx.globals.verbose) ctx.io.err(ctx.io.errStyle.dim(`  ${call.service}:${call.operation}`));
    },
  };
  const session =
    choice.kind === "local"
      ? await connectLocal(ctx, settings, choice.region, options.start ?? true, observe)
      : await connectRemote(settings, choice, ctx.env, observe);
  if (!options.quiet) ctx.io.err(ctx.io.errStyle.dim(describeTarget(session.target)));
  return session;
}

/** One line for people: where the command works. */
export function describeTarget({ kind, account, region, profile, endpoint }: Target): string {
  const where = { local: `embedded stack ${endpoint}`, endpoint: `endpoint ${endpoint}`, aws: "AWS" }[kind];
  return `Target: ${where}, account ${account}, region ${region}${profile ? `, profile ${profile}` : ""}`;
}

async function connectLocal(
  ctx: Context,
  loaded: LoadedSettings,
  region: string,
  start: boolean,
  observe: Pick<ClientOptions, "onCall">,
): Promise<Session> {
  const { ensureStack } = await import("../../local/process/launch.ts");
  const stack = await ensureStack(ctx, { start });
  const target: Target = {
    kind: "local",
    partition: partitionOf(region),
    region,
    account: LOCAL_ACCOUNT,
    endpoint: stack.endpoint,
  };
  const clients = createClients({ region, endpoint: stack.endpoint, credentials: LOCAL_CREDENTIALS, ...observe });
  return assemble(target, loaded, clients);
}

async function connectRemote(
  loaded: LoadedSettings,
  choice: Exclude<Choice, { kind: "local" }>,
  env: NodeJS.ProcessEnv,
  observe: Pick<ClientOptions, "onCall">,
): Promise<Session> {
  const endpoint = choice.kind === "endpoint" ? choice.endpoint : undefined;
  const { profile } = choice;
  const anonymous = endpoint !== undefined && isLoopback(endpoint) && !profile && !env.AWS_ACCESS_KEY_ID;
  const region = choice.region ?? (anonymous ? undefined : await profileRegion(profile)) ?? DEFAULT_REGION;
  const clients = createClients({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(anonymous ? { credentials: LOCAL_CREDENTIALS } : profile !== undefined && { profile }),
    ...observe,
  });
  const caller = await whoAmI(clients, profile, endpoint);
  const target: Target = {
    kind: choice.kind,
    partition: caller.arn.split(":")[1] || partitionOf(region),
    region,
    account: caller.account,
    caller: caller.arn,
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint }),
  };
  return assemble(target, loaded, clients);
}

function assemble(target: Target, loaded: LoadedSettings, clients: Clients): Session {
  const settings: Settings = { ...loaded, region: target.region };
  return { target, settings, names: names(settings, target.account), clients };
}

/** The region that the profile in the shared config file names: asked before any client is built. */
async function profileRegion(profile: string | undefined): Promise<string | undefined> {
  const { loadConfig, NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS } = await import(
    "../../aws/shared-config.ts"
  );
  const region = loadConfig(
    { ...NODE_REGION_CONFIG_OPTIONS, default: () => "" },
    { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile !== undefined && { profile }) },
  );
  return (await region()) || undefined;
}

async function whoAmI(clients: Clients, profile: string | undefined, endpoint: string | undefined) {
  const { GetCallerIdentityCommand } = await import("../../aws/sts.ts");
  try {
    const sts = await clients.sts();
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return { account: Account!, arn: Arn ?? "" };
  } catch (error) {
    throw credentialsError(error, profile, await profileExists(profile)) ?? unreachable(error, endpoint) ?? error;
  }
}

async function profileExists(profile: string | undefined): Promise<boolean> {
  if (profile === undefined) return true;
  const { loadSharedConfigFiles } = await import("../../aws/shared-config.ts");
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return profile in configFile || profile in credentialsFile;
}

function unreachable(error: unknown, endpoint: string | undefined): WindopsError | undefined {
  const { code = "", name = "", message = "" } = error as { code?: string; name?: string; message?: string };
  if (!/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|TimeoutError/.test(`${code} ${name}`)) {
    return undefined;
  }
  const where = endpoint ?? "AWS";
  return new WindopsError("E_UNREACHABLE", `${where} can't be reached: ${message || code}`, {
    hint: endpoint
      ? "Check the address (--endpoint-url, AWS_ENDPOINT_URL), and that its server runs."
      : "Check the network and the region's name.",
    cause: error,
  });
}
