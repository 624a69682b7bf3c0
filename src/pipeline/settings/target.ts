import { usageError } from "../../io/errors/errors.ts";
import type { LoadedSettings } from "./settings.ts";

/** Where a command is to work, as far as settings and environment say: nothing has been asked of anybody yet. */
export type Choice =
  | { kind: "local"; region: string }
  | { kind: "endpoint"; region: string | undefined; endpoint: string; profile: string | undefined }
  | { kind: "aws"; region: string | undefined; profile: string | undefined };

export const DEFAULT_REGION = "us-east-1";

/**
 * Local unless AWS or an endpoint was chosen. Of the SDK's own variables AWS_PROFILE and AWS_REGION count only then;
 * AWS_ENDPOINT_URL is itself a choice, unless `--local` says otherwise.
 */
export function chooseTarget(
  settings: LoadedSettings,
  env: NodeJS.ProcessEnv,
  flags: { local?: boolean; aws?: boolean; endpointUrl?: string; profile?: string },
): Choice {
  if (flags.local && (flags.aws || flags.profile || flags.endpointUrl)) {
    throw usageError("--local doesn't go with --aws, --profile or --endpoint-url.", "Leave one of them out.");
  }
  const saidLocal = flags.local || (env.WINDOPS_TARGET === "local" && !flags.aws && !flags.profile);
  const endpoint = settings.endpointUrl ?? (env.AWS_ENDPOINT_URL || undefined);
  if (saidLocal && !flags.endpointUrl) return { kind: "local", region: settings.region ?? DEFAULT_REGION };

  const region = settings.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined);
  const profile = settings.profile ?? (env.AWS_PROFILE || undefined);
  if (endpoint !== undefined) {
    if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
      throw usageError(`The endpoint "${endpoint}" is no address.`, "Write it with its scheme: http://localhost:4566.");
    }
    if (/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname) && settings.target !== "aws") {
      throw usageError(`${endpoint} is AWS itself.`, "Pass --aws if that is what you want.");
    }
    return { kind: "endpoint", region, endpoint, profile: isLoopback(endpoint) ? settings.profile : profile };
  }
  if (settings.target === "aws") return { kind: "aws", region, profile };
  return { kind: "local", region: settings.region ?? DEFAULT_REGION };
}

/** The address is this machine's own: its server needs no credentials of anybody's. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
}
