import type { RpcService, Stack } from "../../service.ts";
import { policyOperations } from "./policies.ts";
import { profileOperations } from "./profiles.ts";
import { roleOperations } from "./roles.ts";
import { simulateOperations } from "./simulate.ts";
import { IamState } from "./state.ts";

/** IAM: roles, policies, instance profiles. Policies are kept and can be simulated; the stack's calls aren't held to them. */
export function iam(stack: Stack): RpcService {
  const state = new IamState(stack);
  return {
    kind: "rpc",
    signingNames: ["iam"],
    protocol: "query",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    operations: {
      ...roleOperations(state),
      ...policyOperations(state),
      ...profileOperations(state),
      ...simulateOperations(state),
      GetUser: () => ({
        User: {
          Path: "/",
          UserName: "windops",
          UserId: "AIDAWINDOPSLOCAL00000",
          Arn: `arn:aws:iam::${stack.account}:user/windops`,
          CreateDate: new Date("2026-01-01T00:00:00Z"),
        },
      }),
      ListAccountAliases: () => ({ AccountAliases: [], IsTruncated: false }),
    },
  };
}
