import { createHash } from "node:crypto";
import { orAbsent } from "../../aws/failures.ts";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "../../aws/lambda.ts";
import { changed, compare, type Pipeline, type Resource } from "../resource.ts";
import { HANDLER, RUNTIME } from "../settings/functions.ts";
import { type Tags, tagChanges, tagsDiffer } from "../settings/tags.ts";

interface FunctionState {
  tags: Tags;
  status: string;
  failure: string | undefined;
  codeSha256: string;
  configuration: Record<string, unknown>;
  architecture: string;
}

export interface FunctionSpec {
  id: string;
  name: string;
  arn: string;
  description: string;
  role: { id: string; arn: string };
  logGroup: { id: string; name: string };
  timeoutSeconds: number;
  memoryMegabytes: number;
  environment: Record<string, string>;
  /** Zip file to run. */
  code: () => Promise<Uint8Array>;
}

/** A Lambda function, run from `code`. */
export function lambdaFunction({ clients, tags: wanted }: Pipeline, spec: FunctionSpec): Resource<FunctionState> {
  const of = { FunctionName: spec.name };
  const configuration = {
    Runtime: RUNTIME,
    Handler: HANDLER,
    Role: spec.role.arn,
    Description: spec.description,
    Timeout: spec.timeoutSeconds,
    MemorySize: spec.memoryMegabytes,
    Environment: { Variables: spec.environment },
    LoggingConfig: { LogGroup: spec.logGroup.name },
  } as const;
  let code: { zip: Uint8Array; sha256: string } | undefined;
  const loadCode = async () => {
    if (!code) {
      const zip = await spec.code();
      code = { zip, sha256: createHash("sha256").update(zip).digest("base64") };
    }
    return code;
  };
  return {
    id: spec.id,
    type: "Lambda function",
    name: spec.name,
    step: "deploy-functions",
    needs: [spec.role.id, spec.logGroup.id],
    async read() {
      const lambda = await clients.lambda();
      const [found] = await Promise.all([orAbsent(lambda.send(new GetFunctionCommand(of))), loadCode()]);
      const now = found?.Configuration;
      if (!now) return undefined;
      const busy = now.State === "Pending" ? "Pending" : now.LastUpdateStatus === "InProgress" ? "updating" : "";
      const failed = now.State === "Failed" || now.LastUpdateStatus === "Failed";
      return {
        tags: found.Tags ?? {},
        status: busy,
        failure: failed ? (now.StateReason ?? now.LastUpdateStatusReason ?? "failed") : undefined,
        codeSha256: now.CodeSha256 ?? "",
        architecture: now.Architectures?.[0] ?? "x86_64",
        configuration: {
          Runtime: now.Runtime,
          Handler: now.Handler,
          Role: now.Role,
          Description: now.Description,
          Timeout: now.Timeout,
          MemorySize: now.MemorySize,
          Environment: { Variables: now.Environment?.Variables ?? {} },
          LoggingConfig: { LogGroup: now.LoggingConfig?.LogGroup ?? `/aws/lambda/${spec.name}` },
        },
      };
    },
    pending: ({ status }) => status || undefined,
    tags: (state) => state.tags,
    diff: (state) => [
      ...tagChanges(state.tags, wanted),
      ...compare("code (sha256)", state.codeSha256, code!.sha256),
      ...compare("architecture", state.architecture, "arm64"),
      ...Object.entries(configuration).flatMap(([key, value]) => compare(key, state.configuration[key], value)),
    ],
    unhealthy: ({ failure }) => failure,
    async create() {
      const lambda = await clients.lambda();
      const Code = { ZipFile: (await loadCode()).zip };
      await lambda.send(
        new CreateFunctionCommand({ ...of, ...configuration, Code, Architectures: ["arm64"], Tags: wanted }),
      );
    },
    async update(_, changes) {
      const lambda = await clients.lambda();
      if (tagsDiffer(changes)) await lambda.send(new TagResourceCommand({ Resource: spec.arn, Tags: wanted }));
      // Either of these makes the function busy: what is left follows when it is done.
      if (changed(changes, "code (sha256)", "architecture")) {
        const ZipFile = (await loadCode()).zip;
        await lambda.send(new UpdateFunctionCodeCommand({ ...of, ZipFile, Architectures: ["arm64"] }));
      } else if (changed(changes, ...Object.keys(configuration))) {
        await lambda.send(new UpdateFunctionConfigurationCommand({ ...of, ...configuration }));
      }
    },
    async remove() {
      const lambda = await clients.lambda();
      await lambda.send(new DeleteFunctionCommand(of));
    },
    // A role just made: "The role defined for the function cannot be assumed by Lambda."
    passes: (error) =>
      /cannot be assumed by Lambda|role.*(not|cannot) be (found|validated)|KMS key is invalid/i.test(error.message),
  };
}
