import type { IAMClient } from "@aws-sdk/client-iam";
import { SimulatePrincipalPolicyCommand } from "../../aws/iam.ts";
import { allRights, groupRights } from "../../pipeline/permissions/policy.ts";
import { conditions, resourceArns, type Where } from "../../pipeline/permissions/resources.ts";
import { failed, type Outcome, ok, type Patient, skipped } from "./check.ts";

/** What IAM's simulator says to every right that `windops permissions` names. */
export async function checkPermissions(patient: Patient): Promise<Outcome> {
  const session = await patient.session();
  const { target, clients } = session;
  if (target.kind === "local") return skipped("the embedded stack holds nobody to policies");
  const principal = principalOf(target.caller ?? "");
  if (principal === undefined) return skipped(`${target.caller} can't be asked for`);
  if (principal.endsWith(":root")) return ok("the account's root user may do all");
  try {
    const denied = await deniedActions(await clients.iam(), principal, session);
    if (denied.length === 0) return ok(`${new Set(allRights().map(({ action }) => action)).size} actions`);
    return failed(`not allowed: ${denied.join(", ")}`, "Give the caller the policy that `windops permissions` prints.");
  } catch (error) {
    const { name } = error as Error;
    if (/AccessDenied/.test(name)) return skipped("iam:SimulatePrincipalPolicy isn't allowed, so nobody can tell");
    if (/NoSuchEntity/.test(name)) return skipped(`IAM doesn't know ${principal}`);
    throw error;
  }
}

/** An assumed role's session is judged by its role; a federated user's by nobody whom the simulator takes. */
export function principalOf(caller: string): string | undefined {
  const role = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(caller);
  if (role) return `arn:${role[1]}:iam::${role[2]}:role/${role[3]}`;
  return /^arn:[^:]+:iam::\d+:(user\/|role\/|root$)/.test(caller) ? caller : undefined;
}

/** Of the rights that windops needs, the actions that `PolicySourceArn` hasn't on one of their resources. */
export async function deniedActions(iam: IAMClient, PolicySourceArn: string, where: Where): Promise<string[]> {
  const arns = resourceArns(where);
  const given = conditions(where);
  const denied = new Set<string>();
  await Promise.all(
    groupRights(allRights()).map(async ({ on, when, actions }) => {
      const tests = when === undefined ? [] : Object.values(given[when]!).flatMap((keys) => Object.entries(keys));
      let Marker: string | undefined;
      do {
        const page = await iam.send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn,
            ActionNames: actions,
            ResourceArns: arns[on]!,
            ContextEntries: tests.map(([ContextKeyName, value]) => ({
              ContextKeyName,
              ContextKeyValues: [value].flat(),
              ContextKeyType: "string" as const,
            })),
            ...(Marker && { Marker }),
          }),
        );
        for (const { EvalActionName, EvalDecision } of page.EvaluationResults ?? []) {
          if (EvalDecision !== "allowed") denied.add(EvalActionName!);
        }
        Marker = page.IsTruncated ? page.Marker : undefined;
      } while (Marker);
    }),
  );
  return [...denied].sort();
}
