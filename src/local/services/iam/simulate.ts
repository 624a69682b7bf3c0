import { AwsError } from "../../errors.ts";
import type { Operation } from "../../service.ts";
import type { Context } from "./evaluation/conditions.ts";
import { parsePolicy } from "./evaluation/document.ts";
import { evaluate, type PolicyDocument } from "./evaluation/policy.ts";
import { type IamState, listPage, noSuch, values } from "./state.ts";

interface SimulateInput {
  PolicySourceArn?: string;
  PolicyInputList?: string[];
  ActionNames?: string[];
  ResourceArns?: string[];
  ContextEntries?: { ContextKeyName?: string; ContextKeyValues?: string[] }[];
  Marker?: string;
  MaxItems?: unknown;
}

interface Source {
  id: string;
  type: string;
  document: PolicyDocument;
}

/** The policy simulator, for identity policies. */
export function simulateOperations(state: IamState): Record<string, Operation> {
  const custom = (input: SimulateInput): Source[] =>
    (input.PolicyInputList ?? []).map((text, i) => ({
      id: `PolicyInputList.${i + 1}`,
      type: "IAM Policy",
      document: parsePolicy(text, "identity"),
    }));
  return {
    SimulateCustomPolicy: (input: SimulateInput) => simulate(custom(input), input),

    SimulatePrincipalPolicy(input: SimulateInput) {
      const role = values(state.roles).find((r) => r.arn === input.PolicySourceArn);
      if (!role) throw noSuch(`Entity with ARN ${input.PolicySourceArn} does not exist.`);
      const inline = Object.entries(role.inline).map(
        ([name, text]): Source => ({ id: `role_${role.name}_${name}`, type: "IAM Policy", document: JSON.parse(text) }),
      );
      const attached = role.attached.map((arn): Source => {
        const policy = state.policy(arn);
        return {
          id: policy.name,
          type: "IAM Policy",
          document: JSON.parse(policy.versions[policy.defaultVersion]!.document),
        };
      });
      return simulate([...inline, ...attached, ...custom(input)], input);
    },
  };
}

function simulate(sources: Source[], input: SimulateInput) {
  const actions = input.ActionNames ?? [];
  if (actions.length === 0)
    throw new AwsError(
      "ValidationError",
      "1 validation error detected: Value at 'actionNames' failed to satisfy constraint: Member must not be null",
    );
  const bad = actions.find((action) => !/^[A-Za-z0-9-]+:[A-Za-z0-9]+$/.test(action));
  if (bad !== undefined) throw new AwsError("InvalidInput", `Invalid action ${bad}: it must be service:Action`);
  const context: Context = {};
  for (const { ContextKeyName: key, ContextKeyValues: given } of input.ContextEntries ?? [])
    if (key) context[key] = given ?? [];
  const resources = input.ResourceArns?.length ? input.ResourceArns : ["*"];
  const results = actions.flatMap((action) => resources.map((resource) => ({ action, resource })));
  const documents = sources.map((source) => source.document);
  const order = new Map(results.map((result, i) => [result, String(i).padStart(8, "0")]));
  const { items, ...page } = listPage(results, input, (result) => order.get(result)!);
  const EvaluationResults = items.map(({ action, resource }) => {
    const { decision, matched, missing } = evaluate(documents, action, resource, context);
    return {
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: decision,
      MatchedStatements: matched.map(({ policy }) => ({
        SourcePolicyId: sources[policy]!.id,
        SourcePolicyType: sources[policy]!.type,
      })),
      MissingContextValues: missing,
    };
  });
  return { EvaluationResults, ...page };
}
