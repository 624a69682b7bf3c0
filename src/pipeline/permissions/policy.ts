import { type PolicyDocument, policy, type Statement } from "../settings/policies.ts";
import { conditions, resourceArns, type Where } from "./resources.ts";
import { allCalls, type Right, rightsOf } from "./rights.ts";

/** What IAM takes, in characters without white space: as a managed policy, and as a role's inline policies together. */
export const MANAGED_LIMIT = 6144;
export const INLINE_LIMIT = 10_240;

export interface OperatorPolicy {
  /** The whole in one document. */
  document: PolicyDocument;
  /** Characters of the whole, without white space. */
  size: number;
  /**
   * The same as managed policies, each within IAM's limit. The first is enough for who only watches: status, tail, scan, logs,
   * doctor.
   */
  parts: PolicyDocument[];
}

/** The policy of who runs windops for this pipeline: the rights of every call that windops can make, nothing else. */
export function operatorPolicy(where: Where): OperatorPolicy {
  const rights = allRights();
  const reading = rights.filter(({ action }) => reads(action));
  const writing = rights.filter(({ action }) => !reads(action));
  const document = policy(...statements(rights, where));
  return {
    document,
    size: sizeOf(document),
    parts: [policy(...statements(reading, where)), ...split(statements(writing, where))],
  };
}

export function allRights(): Right[] {
  return allCalls().flatMap(([service, operation]) => rightsOf(service, operation)!);
}

function reads(action: string): boolean {
  return /:(Describe|Filter|Get|List|Query|Scan|Simulate)/.test(action);
}

/** As few documents as hold all statements, each within the limit. */
function split(all: Statement[]): PolicyDocument[] {
  const documents: PolicyDocument[] = [];
  for (const statement of all) {
    const room = documents.find((document) => sizeOf(policy(...document.Statement, statement)) <= MANAGED_LIMIT);
    if (room) room.Statement.push(statement);
    else documents.push(policy(statement));
  }
  return documents;
}

const sizeOf = (document: PolicyDocument) => JSON.stringify(document).length;

function statements(rights: Right[], where: Where): Statement[] {
  const arns = resourceArns(where);
  const when = conditions(where);
  return groupRights(rights).map((group) => {
    const Resource = arns[group.on]!;
    return {
      Effect: "Allow",
      Action: group.actions,
      Resource: Resource.length === 1 ? Resource[0]! : Resource,
      ...(group.when !== undefined && { Condition: when[group.when]! }),
    };
  });
}

/** Actions that are on the same resources under the same condition, together. */
export function groupRights(rights: Right[]): (Omit<Right, "action"> & { actions: string[] })[] {
  const groups = new Map<string, { right: Right; actions: Set<string> }>();
  for (const right of rights) {
    const key = `${right.on} ${right.when ?? ""}`;
    const group = groups.get(key) ?? { right, actions: new Set() };
    group.actions.add(right.action);
    groups.set(key, group);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { right, actions }]) => ({
      on: right.on,
      ...(right.when !== undefined && { when: right.when }),
      actions: [...actions].sort(),
    }));
}
