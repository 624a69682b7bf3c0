import type { Stack } from "../../service.ts";
import { RESERVED } from "./environment.ts";
import { invalid } from "./model.ts";

/** Settings of the real service that would change what a function does, and that nothing acts on here. */
const UNSUPPORTED = [
  "Layers",
  "FileSystemConfigs",
  "ImageConfig",
  "CapacityProviderConfig",
  "DurableConfig",
  "TenancyConfig",
];

/** Throws `AwsError` InvalidParameterValueException for a setting that the embedded stack can't honour. */
export function checkSupported(input: Record<string, any>): void {
  for (const name of UNSUPPORTED) {
    const value = input[name];
    if (value && (!Array.isArray(value) || value.length > 0))
      throw invalid(`The embedded stack does not support ${name}.`);
  }
  if (input.VpcConfig?.SubnetIds?.length) throw invalid("The embedded stack does not support VpcConfig.");
  if (input.DeadLetterConfig?.TargetArn) {
    throw invalid(
      "The embedded stack does not support DeadLetterConfig: use PutFunctionEventInvokeConfig's OnFailure.",
    );
  }
  if (input.PackageType && input.PackageType !== "Zip") throw invalid("The embedded stack runs zip packages only.");
}

export function checkRuntime(runtime: unknown): string {
  if (typeof runtime === "string" && /^nodejs(\d+)\.x$/.test(runtime)) return runtime;
  throw invalid(
    `Value ${String(runtime)} at 'runtime' failed to satisfy constraint: the embedded stack runs nodejs runtimes only (nodejs20.x, nodejs22.x, nodejs24.x)`,
  );
}

function integer(value: unknown, name: string, low: number, high: number, fallback: number): number {
  const number = value ?? fallback;
  if (Number.isInteger(number) && (number as number) >= low && (number as number) <= high) return number as number;
  const side =
    typeof number === "number" && number < low ? `greater than or equal to ${low}` : `less than or equal to ${high}`;
  throw invalid(`Value '${String(number)}' at '${name}' failed to satisfy constraint: Member must have value ${side}`);
}

export const checkTimeout = (value: unknown, fallback: number) => integer(value, "timeout", 1, 900, fallback);
export const checkMemory = (value: unknown, fallback: number) => integer(value, "memorySize", 128, 10_240, fallback);
export const checkStorage = (value: unknown, fallback: number) =>
  integer(value, "ephemeralStorage.size", 512, 10_240, fallback);
export { integer as checkInteger };

export function checkHandler(handler: unknown): string {
  if (typeof handler === "string" && /^[^\s]{1,128}$/.test(handler) && handler.includes(".")) return handler;
  throw invalid(
    `Value '${String(handler)}' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\s]+`,
  );
}

/** The function's own variables: names that are allowed, 4 KB together. */
export function checkEnvironment(
  environment: { Variables?: Record<string, unknown> } | undefined,
): Record<string, string> | undefined {
  if (!environment) return undefined;
  const variables = environment.Variables ?? {};
  const reserved = Object.keys(variables).filter((name) => RESERVED.has(name));
  if (reserved.length > 0) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  }
  const bad = Object.keys(variables).find((name) => !/^[a-zA-Z]\w+$/.test(name));
  if (bad !== undefined) {
    throw invalid(
      `Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy [a-zA-Z]([a-zA-Z0-9_])+: ${bad}`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > 4096 + 2) {
    throw invalid(
      "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.",
    );
  }
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}

/** Throws `AwsError` InvalidParameterValueException, in Lambda's words, unless the role exists and trusts Lambda. */
export async function checkRole(stack: Stack, role: unknown, region: string): Promise<string> {
  const name =
    typeof role === "string"
      ? /^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/(?:[\w+=,.@/-]+\/)?([\w+=,.@-]+)$/.exec(role)?.[1]
      : undefined;
  if (!name)
    throw invalid(`Value '${String(role)}' at 'role' failed to satisfy constraint: Member must be the ARN of a role`);
  if (!(await trusts(stack, name, "lambda.amazonaws.com", region))) {
    throw invalid("The role defined for the function cannot be assumed by Lambda.");
  }
  return role as string;
}

/** Whether the role exists and lets the service assume it. */
export async function trusts(stack: Stack, roleName: string, service: string, region: string): Promise<boolean> {
  try {
    const { Role } = await stack.call("iam", "GetRole", { RoleName: roleName }, region);
    return decodeURIComponent(Role.AssumeRolePolicyDocument ?? "").includes(`"${service}"`);
  } catch (error) {
    if (
      (error as { code?: string }).code === "NoSuchEntity" ||
      (error as { code?: string }).code === "NoSuchEntityException"
    )
      return false;
    throw error;
  }
}
