import { randomBytes } from "node:crypto";
import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, RpcService, Stack } from "../../service.ts";
import { integerOf } from "../../wire-values.ts";
import { uniqueId } from "../iam/state.ts";

/** STS: who the caller is (always the one user of the stack's account), and credentials that no service checks. */
export function sts(stack: Stack): RpcService {
  const callerIn = (region: string) => `arn:${partitionOf(region)}:iam::${stack.account}:user/windops`;
  const credentials = (seconds: number) => ({
    AccessKeyId: uniqueId("ASIA").slice(0, 20),
    SecretAccessKey: randomBytes(30).toString("base64"),
    SessionToken: randomBytes(240).toString("base64"),
    Expiration: new Date(stack.now() + seconds * 1000),
  });
  return {
    kind: "rpc",
    signingNames: ["sts"],
    protocol: "query",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    operations: {
      GetCallerIdentity: (_: object, { region }: Call) => ({
        UserId: "AIDAWINDOPSLOCAL00000",
        Account: stack.account,
        Arn: callerIn(region),
      }),

      async AssumeRole(input: { RoleArn?: string; RoleSessionName?: string; DurationSeconds?: unknown }, call: Call) {
        const { RoleArn: arn = "", RoleSessionName: session = "" } = input;
        const refused = () =>
          new AwsError(
            "AccessDenied",
            `User: ${callerIn(call.region)} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
            403,
          );
        if (!/^arn:[\w-]+:iam::\d{12}:role\/.+$/.test(arn))
          throw new AwsError("ValidationError", `${arn || "null"} is invalid`);
        if (!/^[\w+=,.@-]{2,64}$/.test(session))
          throw new AwsError(
            "ValidationError",
            `1 validation error detected: Value '${session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
          );
        const RoleName = arn.slice(arn.lastIndexOf("/") + 1);
        const found = await stack.call("iam", "GetRole", { RoleName }, call.region).catch((error: AwsError) => {
          throw error.code === "NoSuchEntity" ? refused() : error;
        });
        if (found.Role.Arn !== arn) throw refused();
        const seconds = integerOf(
          input.DurationSeconds,
          "durationSeconds",
          [900, found.Role.MaxSessionDuration],
          3600,
          "ValidationError",
        );
        return {
          Credentials: credentials(seconds),
          AssumedRoleUser: {
            AssumedRoleId: `${found.Role.RoleId}:${session}`,
            Arn: `arn:${partitionOf(call.region)}:sts::${stack.account}:assumed-role/${RoleName}/${session}`,
          },
          PackedPolicySize: 0,
        };
      },

      GetSessionToken(input: { DurationSeconds?: unknown }) {
        return {
          Credentials: credentials(
            integerOf(input.DurationSeconds, "durationSeconds", [900, 129_600], 43_200, "ValidationError"),
          ),
        };
      },
    },
  };
}
