import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { booleanOf, mergeTags, type Tag, withoutTags } from "../../wire-values.ts";
import { AWS_POLICIES } from "./aws-policies.ts";
import { parsePolicy } from "./evaluation/document.ts";
import {
  checkName,
  checkPath,
  conflict,
  encodeDocument,
  exists,
  type IamState,
  listPage,
  noSuch,
  type Policy,
  uniqueId,
  values,
} from "./state.ts";

const MAX_DOCUMENT = 6144;
const MAX_VERSIONS = 5;

function checkDocument(text: string | undefined): string {
  parsePolicy(text, "identity");
  if (text!.replace(/\s/g, "").length > MAX_DOCUMENT)
    throw new AwsError("LimitExceeded", `Cannot exceed quota for PolicySize: ${MAX_DOCUMENT}`, 409);
  return text!;
}

export function policyOperations(state: IamState): Record<string, Operation> {
  const shape = (policy: Policy, full = true) => ({
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: state.holders(policy.arn).length,
    PermissionsBoundaryUsageCount: values(state.roles).filter((role) => role.boundary === policy.arn).length,
    IsAttachable: true,
    Description: full ? policy.description || undefined : undefined,
    CreateDate: new Date(policy.created),
    UpdateDate: new Date(policy.updated),
    Tags: full && policy.tags.length > 0 ? policy.tags : undefined,
  });
  const own = (arn: string | undefined): Policy => {
    if (arn?.startsWith("arn:aws:iam::aws:"))
      throw new AwsError("AccessDenied", `Policy ${arn} is not yours to change`, 403);
    const policy = state.policies.get(arn ?? "");
    if (!policy) throw noSuch(`Policy ${arn} was not found.`);
    return policy;
  };
  const versionShape = (policy: Policy, id: string, document = false) => {
    const version = Object.hasOwn(policy.versions, id) ? policy.versions[id] : undefined;
    if (!version) throw noSuch(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
    return {
      VersionId: id,
      IsDefaultVersion: policy.defaultVersion === id,
      CreateDate: new Date(version.created),
      Document: document ? encodeDocument(version.document) : undefined,
    };
  };
  const change = (policy: Policy, changed: Partial<Policy>) =>
    state.policies.put(policy.arn, { ...policy, updated: state.now(), ...changed });

  return {
    CreatePolicy(
      input: {
        PolicyName?: string;
        Path?: string;
        PolicyDocument?: string;
        Description?: string;
        Tags?: Tag[];
      },
      call: Call,
    ) {
      const name = checkName(input.PolicyName, "policyName", 128);
      const path = checkPath(input.Path);
      const document = checkDocument(input.PolicyDocument);
      if (values(state.policies).some((p) => p.name.toLowerCase() === name.toLowerCase()))
        throw exists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
      const created = state.now();
      const policy: Policy = {
        name,
        path,
        id: uniqueId("ANPA"),
        arn: state.arn(call.region, "policy", path, name),
        created,
        updated: created,
        description: input.Description ?? "",
        tags: mergeTags([], input.Tags),
        defaultVersion: "v1",
        lastVersion: 1,
        versions: { v1: { document, created } },
      };
      state.policies.put(policy.arn, policy);
      return { Policy: shape(policy) };
    },

    GetPolicy(input: { PolicyArn?: string }) {
      const policy = state.policies.get(input.PolicyArn ?? "") ?? AWS_POLICIES[input.PolicyArn ?? ""];
      if (!policy) throw noSuch(`Policy ${input.PolicyArn} was not found.`);
      return { Policy: shape(policy) };
    },

    ListPolicies(input: {
      Scope?: string;
      PathPrefix?: string;
      OnlyAttached?: unknown;
      Marker?: string;
      MaxItems?: unknown;
    }) {
      const scope = input.Scope ?? "All";
      const all = [
        ...(scope === "AWS" ? [] : values(state.policies)),
        ...(scope === "Local" ? [] : Object.values(AWS_POLICIES)),
      ];
      const wanted = all.filter(
        (p) =>
          p.path.startsWith(input.PathPrefix ?? "/") &&
          (!booleanOf(input.OnlyAttached) || state.holders(p.arn).length > 0),
      );
      const { items, ...page } = listPage(wanted, input, (policy) => policy.arn);
      return { Policies: items.map((policy) => shape(policy, false)), ...page };
    },

    DeletePolicy(input: { PolicyArn?: string }) {
      const policy = own(input.PolicyArn);
      if (state.holders(policy.arn).length > 0) throw conflict("Cannot delete a policy attached to entities.");
      if (Object.keys(policy.versions).length > 1)
        throw conflict(
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        );
      state.policies.delete(policy.arn);
      return {};
    },

    CreatePolicyVersion(input: { PolicyArn?: string; PolicyDocument?: string; SetAsDefault?: unknown }) {
      const policy = own(input.PolicyArn);
      const document = checkDocument(input.PolicyDocument);
      if (Object.keys(policy.versions).length >= MAX_VERSIONS)
        throw new AwsError(
          "LimitExceeded",
          `A managed policy can have up to ${MAX_VERSIONS} versions. Before you create a new version, you must delete an existing version.`,
          409,
        );
      const lastVersion = policy.lastVersion + 1;
      const id = `v${lastVersion}`;
      const versions = { ...policy.versions, [id]: { document, created: state.now() } };
      change(policy, {
        versions,
        lastVersion,
        defaultVersion: booleanOf(input.SetAsDefault) ? id : policy.defaultVersion,
      });
      return { PolicyVersion: versionShape(own(policy.arn), id) };
    },

    GetPolicyVersion(input: { PolicyArn?: string; VersionId?: string }) {
      return { PolicyVersion: versionShape(state.policy(input.PolicyArn), input.VersionId ?? "", true) };
    },

    ListPolicyVersions(input: { PolicyArn?: string; Marker?: string; MaxItems?: unknown }) {
      const policy = state.policy(input.PolicyArn);
      const { items, ...page } = listPage(Object.keys(policy.versions), input, (id) => id);
      return { Versions: items.map((id) => versionShape(policy, id)), ...page };
    },

    DeletePolicyVersion(input: { PolicyArn?: string; VersionId?: string }) {
      const policy = own(input.PolicyArn);
      versionShape(policy, input.VersionId ?? "");
      if (policy.defaultVersion === input.VersionId) throw conflict("Cannot delete the default version of a policy.");
      const { [input.VersionId!]: _, ...versions } = policy.versions;
      change(policy, { versions });
      return {};
    },

    SetDefaultPolicyVersion(input: { PolicyArn?: string; VersionId?: string }) {
      const policy = own(input.PolicyArn);
      versionShape(policy, input.VersionId ?? "");
      change(policy, { defaultVersion: input.VersionId! });
      return {};
    },

    ListEntitiesForPolicy(input: { PolicyArn?: string; Marker?: string; MaxItems?: unknown }) {
      const { arn } = state.policy(input.PolicyArn);
      const { items, ...page } = listPage(state.holders(arn), input, (role) => role.name);
      return {
        PolicyGroups: [],
        PolicyUsers: [],
        PolicyRoles: items.map((r) => ({ RoleName: r.name, RoleId: r.id })),
        ...page,
      };
    },

    TagPolicy(input: { PolicyArn?: string; Tags?: Tag[] }) {
      const policy = own(input.PolicyArn);
      change(policy, { tags: mergeTags(policy.tags, input.Tags) });
      return {};
    },

    UntagPolicy(input: { PolicyArn?: string; TagKeys?: string[] }) {
      const policy = own(input.PolicyArn);
      change(policy, { tags: withoutTags(policy.tags, input.TagKeys) });
      return {};
    },

    ListPolicyTags(input: { PolicyArn?: string; Marker?: string; MaxItems?: unknown }) {
      const { items, ...page } = listPage(state.policy(input.PolicyArn).tags, input, (tag) => tag.Key);
      return { Tags: items, ...page };
    },
  };
}
