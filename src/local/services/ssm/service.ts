import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, RpcService, Stack } from "../../service.ts";
import { ARCHITECTURES, imageId } from "../ec2/state.ts";

interface Parameter {
  name: string;
  region: string;
  type: string;
  value: string;
  version: number;
  modified: number;
}

const notFound = (name: string) => new AwsError("ParameterNotFound", `Parameter ${name} not found.`);

/** Systems Manager's parameters: the account's own strings, and AWS's public ones that name Amazon Linux's images. */
export function ssm(stack: Stack): RpcService {
  const own = stack.store<Parameter>("ssm-parameters");
  const find = (name: string, region: string): Parameter | undefined =>
    own.get(`${region}${separator(name)}${name}`) ?? publicImage(name, region);
  const shape = (parameter: Parameter) => {
    const owner = parameter.name.startsWith("/aws/") ? "" : stack.account;
    return {
      Name: parameter.name,
      Type: parameter.type,
      Value: parameter.value,
      Version: parameter.version,
      LastModifiedDate: new Date(parameter.modified),
      ARN: `arn:${partitionOf(parameter.region)}:ssm:${parameter.region}:${owner}:parameter${separator(parameter.name)}${parameter.name}`,
      DataType: parameter.name.startsWith("/aws/") ? "aws:ec2:image" : "text",
    };
  };
  return {
    kind: "rpc",
    signingNames: ["ssm"],
    protocol: "json",
    targetPrefixes: ["AmazonSSM"],
    operations: {
      GetParameter(input: { Name?: string }, call: Call) {
        const parameter = find(input.Name ?? "", call.region);
        if (!parameter) throw notFound(input.Name ?? "");
        return { Parameter: shape(parameter) };
      },

      GetParameters(input: { Names?: string[] }, call: Call) {
        const names = input.Names ?? [];
        const found = names.map((name) => find(name, call.region)).filter((p) => p !== undefined);
        return { Parameters: found.map(shape), InvalidParameters: names.filter((name) => !find(name, call.region)) };
      },

      PutParameter(input: { Name?: string; Value?: string; Type?: string; Overwrite?: boolean }, call: Call) {
        const { Name: name = "", Value: value = "", Type: type } = input;
        if (!/^[\w./-]{1,1011}$/.test(name) || /^\/?(aws|ssm)/i.test(name))
          throw new AwsError(
            "ValidationException",
            `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive), and consists of letters, digits and .-_/`,
          );
        const present = own.get(`${call.region}${separator(name)}${name}`);
        const kind = type ?? present?.type;
        if (kind !== "String" && kind !== "StringList")
          throw new AwsError(
            "UnsupportedParameterType",
            `The embedded stack keeps String and StringList parameters, not ${kind}: it has no place for secrets`,
          );
        if (value === "" || Buffer.byteLength(value) > 4096)
          throw new AwsError("ValidationException", "The value must have from 1 to 4096 bytes");
        if (present && !input.Overwrite)
          throw new AwsError(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
          );
        const version = (present?.version ?? 0) + 1;
        own.put(`${call.region}${separator(name)}${name}`, {
          name,
          region: call.region,
          type: kind,
          value,
          version,
          modified: stack.now(),
        });
        return { Version: version, Tier: "Standard" };
      },

      DeleteParameter(input: { Name?: string }, call: Call) {
        const name = input.Name ?? "";
        if (!own.delete(`${call.region}${separator(name)}${name}`)) throw notFound(name);
        return {};
      },
    },
  };
}

const separator = (name: string) => (name.startsWith("/") ? "" : "/");

/** `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64` and its like. */
function publicImage(name: string, region: string): Parameter | undefined {
  const match =
    /^\/aws\/service\/ami-amazon-linux-latest\/al2023-ami-(?:minimal-)?kernel-(?:default|[\d.]+)-(\w+)$/.exec(name);
  const architecture = ARCHITECTURES.find((a) => a === match?.[1]);
  if (!architecture) return undefined;
  return {
    name,
    region,
    type: "String",
    value: imageId(region, architecture),
    version: 1,
    modified: Date.parse("2026-11-01T00:00:00Z"),
  };
}
