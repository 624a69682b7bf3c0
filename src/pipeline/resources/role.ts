import { orAbsent } from "../../aws/failures.ts";
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "../../aws/iam.ts";
import { changed, compare, type Pipeline, type Resource, type Step } from "../resource.ts";
import type { PolicyDocument } from "../settings/policies.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../settings/tags.ts";

interface RoleState {
  tags: Tags;
  trust: unknown;
  rights: unknown;
  otherPolicies: string[];
  /** ARNs of managed policies: we attach none. */
  attached: string[];
}

const POLICY_NAME = "windops";

export interface RoleSpec {
  id: string;
  name: string;
  step: Step | "simulator";
  description: string;
  trust: PolicyDocument;
  rights: PolicyDocument;
}

/** An IAM role with one inline policy, so that the rights live and die with the role. */
export function role({ clients, tags: wanted }: Pipeline, spec: RoleSpec): Resource<RoleState> {
  const of = { RoleName: spec.name };
  const putRights = async () => {
    const iam = await clients.iam();
    const document = { PolicyName: POLICY_NAME, PolicyDocument: JSON.stringify(spec.rights) };
    await iam.send(new PutRolePolicyCommand({ ...of, ...document }));
  };
  return {
    id: spec.id,
    type: "IAM role",
    name: spec.name,
    step: spec.step,
    needs: [],
    async read() {
      const iam = await clients.iam();
      const [found, rights, inline, attached] = await Promise.all([
        orAbsent(iam.send(new GetRoleCommand(of))),
        orAbsent(iam.send(new GetRolePolicyCommand({ ...of, PolicyName: POLICY_NAME }))),
        orAbsent(iam.send(new ListRolePoliciesCommand(of))),
        orAbsent(iam.send(new ListAttachedRolePoliciesCommand(of))),
      ]);
      if (!found?.Role) return undefined;
      return {
        tags: fromList(found.Role.Tags),
        trust: document(found.Role.AssumeRolePolicyDocument),
        rights: document(rights?.PolicyDocument),
        otherPolicies: (inline?.PolicyNames ?? []).filter((name) => name !== POLICY_NAME).sort(),
        attached: (attached?.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []).sort(),
      };
    },
    tags: (state) => state.tags,
    diff: (state) => [
      ...tagChanges(state.tags, wanted),
      ...compare("trust", state.trust, spec.trust),
      ...compare("rights", state.rights, spec.rights),
      ...compare("further policies", state.otherPolicies.join(", ") || "none", "none"),
      ...compare("attached policies", state.attached.join(", ") || "none", "none"),
    ],
    async create() {
      const iam = await clients.iam();
      await iam.send(
        new CreateRoleCommand({
          ...of,
          Description: spec.description,
          AssumeRolePolicyDocument: JSON.stringify(spec.trust),
          Tags: toList(wanted),
        }),
      );
      await putRights();
    },
    async update(state, changes) {
      const iam = await clients.iam();
      if (tagsDiffer(changes)) await iam.send(new TagRoleCommand({ ...of, Tags: toList(wanted) }));
      if (changed(changes, "trust")) {
        await iam.send(new UpdateAssumeRolePolicyCommand({ ...of, PolicyDocument: JSON.stringify(spec.trust) }));
      }
      if (changed(changes, "rights")) await putRights();
      for (const PolicyName of state.otherPolicies) await iam.send(new DeleteRolePolicyCommand({ ...of, PolicyName }));
      for (const PolicyArn of state.attached) await iam.send(new DetachRolePolicyCommand({ ...of, PolicyArn }));
    },
    async remove(state) {
      const iam = await clients.iam();
      const inline = [...state.otherPolicies, ...(state.rights === undefined ? [] : [POLICY_NAME])];
      for (const PolicyArn of state.attached) await iam.send(new DetachRolePolicyCommand({ ...of, PolicyArn }));
      for (const PolicyName of inline) await iam.send(new DeleteRolePolicyCommand({ ...of, PolicyName }));
      await iam.send(new DeleteRoleCommand(of));
    },
  };
}

/** IAM gives documents URL-encoded. */
function document(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(decodeURIComponent(text));
}
