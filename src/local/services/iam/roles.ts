import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { mergeTags, type Tag, withoutTags } from "../../wire-values.ts";
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
  type Role,
  uniqueId,
  values,
} from "./state.ts";

const MAX_TRUST = 2048;
const MAX_INLINE = 10_240;

export function roleShape(role: Role, options: { tags?: boolean } = {}) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: new Date(role.created),
    AssumeRolePolicyDocument: encodeDocument(role.trust),
    Description: role.description || undefined,
    MaxSessionDuration: role.maxSession,
    PermissionsBoundary: role.boundary && { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: role.boundary },
    Tags: options.tags && role.tags.length > 0 ? role.tags : undefined,
    RoleLastUsed: options.tags ? {} : undefined,
  };
}

function checkSession(value: unknown): number {
  const seconds = value === undefined ? 3600 : Number(value);
  if (!(seconds >= 3600 && seconds <= 43_200))
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${value}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200`,
    );
  return seconds;
}

function checkTrust(text: string | undefined): string {
  parsePolicy(text, "trust");
  if (text!.replace(/\s/g, "").length > MAX_TRUST)
    throw new AwsError("LimitExceeded", `Cannot exceed quota for ACLSizePerRole: ${MAX_TRUST}`, 409);
  return text!;
}

export function roleOperations(state: IamState): Record<string, Operation> {
  const change = (role: Role, changed: Partial<Role>) => state.roles.put(role.name, { ...role, ...changed });
  return {
    CreateRole(
      input: {
        RoleName?: string;
        Path?: string;
        AssumeRolePolicyDocument?: string;
        Description?: string;
        MaxSessionDuration?: unknown;
        PermissionsBoundary?: string;
        Tags?: Tag[];
      },
      call: Call,
    ) {
      const name = checkName(input.RoleName, "roleName", 64);
      const path = checkPath(input.Path);
      const trust = checkTrust(input.AssumeRolePolicyDocument);
      const same = values(state.roles).find((role) => role.name.toLowerCase() === name.toLowerCase());
      if (same) throw exists(`Role with name ${name} already exists.`);
      const role: Role = {
        name,
        path,
        id: uniqueId("AROA"),
        arn: state.arn(call.region, "role", path, name),
        created: state.now(),
        trust,
        description: input.Description ?? "",
        maxSession: checkSession(input.MaxSessionDuration),
        boundary: input.PermissionsBoundary,
        tags: mergeTags([], input.Tags),
        inline: {},
        attached: [],
      };
      state.roles.put(name, role);
      return { Role: { ...roleShape(role, { tags: true }), RoleLastUsed: undefined } };
    },

    GetRole: (input: { RoleName?: string }) => ({ Role: roleShape(state.role(input.RoleName), { tags: true }) }),

    ListRoles(input: { PathPrefix?: string; Marker?: string; MaxItems?: unknown }) {
      const roles = values(state.roles).filter((role) => role.path.startsWith(input.PathPrefix ?? "/"));
      const { items, ...page } = listPage(roles, input, (role) => role.path + role.name);
      return { Roles: items.map((role) => roleShape(role)), ...page };
    },

    DeleteRole(input: { RoleName?: string }) {
      const role = state.role(input.RoleName);
      if (values(state.profiles).some((profile) => profile.role === role.name))
        throw conflict("Cannot delete entity, must remove roles from instance profile first.");
      if (role.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (Object.keys(role.inline).length > 0) throw conflict("Cannot delete entity, must delete policies first.");
      state.roles.delete(role.name);
      return {};
    },

    UpdateRole(input: { RoleName?: string; Description?: string; MaxSessionDuration?: unknown }) {
      const role = state.role(input.RoleName);
      const maxSession =
        input.MaxSessionDuration === undefined ? role.maxSession : checkSession(input.MaxSessionDuration);
      change(role, { description: input.Description ?? role.description, maxSession });
      return {};
    },

    UpdateRoleDescription(input: { RoleName?: string; Description?: string }) {
      change(state.role(input.RoleName), { description: input.Description ?? "" });
      return { Role: roleShape(state.role(input.RoleName)) };
    },

    UpdateAssumeRolePolicy(input: { RoleName?: string; PolicyDocument?: string }) {
      change(state.role(input.RoleName), { trust: checkTrust(input.PolicyDocument) });
      return {};
    },

    TagRole(input: { RoleName?: string; Tags?: Tag[] }) {
      const role = state.role(input.RoleName);
      const tags = mergeTags(role.tags, input.Tags);
      if (tags.length > 50)
        throw new AwsError("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
      change(role, { tags });
      return {};
    },

    UntagRole(input: { RoleName?: string; TagKeys?: string[] }) {
      const role = state.role(input.RoleName);
      change(role, { tags: withoutTags(role.tags, input.TagKeys) });
      return {};
    },

    ListRoleTags(input: { RoleName?: string; Marker?: string; MaxItems?: unknown }) {
      const { items, ...page } = listPage(state.role(input.RoleName).tags, input, (tag) => tag.Key);
      return { Tags: items, ...page };
    },

    PutRolePolicy(input: { RoleName?: string; PolicyName?: string; PolicyDocument?: string }) {
      const role = state.role(input.RoleName);
      const name = checkName(input.PolicyName, "policyName", 128);
      parsePolicy(input.PolicyDocument, "identity");
      const inline = { ...role.inline, [name]: input.PolicyDocument! };
      const size = Object.values(inline).reduce((sum, text) => sum + text.replace(/\s/g, "").length, 0);
      if (size > MAX_INLINE)
        throw new AwsError(
          "LimitExceeded",
          `Maximum policy size of ${MAX_INLINE} bytes exceeded for role ${role.name}`,
          409,
        );
      change(role, { inline });
      return {};
    },

    GetRolePolicy(input: { RoleName?: string; PolicyName?: string }) {
      const document = inlinePolicy(state.role(input.RoleName), input.PolicyName);
      return { RoleName: input.RoleName, PolicyName: input.PolicyName, PolicyDocument: encodeDocument(document) };
    },

    ListRolePolicies(input: { RoleName?: string; Marker?: string; MaxItems?: unknown }) {
      const { items, ...page } = listPage(Object.keys(state.role(input.RoleName).inline), input, (name) => name);
      return { PolicyNames: items, ...page };
    },

    DeleteRolePolicy(input: { RoleName?: string; PolicyName?: string }) {
      const role = state.role(input.RoleName);
      inlinePolicy(role, input.PolicyName);
      const { [input.PolicyName!]: _, ...inline } = role.inline;
      change(role, { inline });
      return {};
    },

    AttachRolePolicy(input: { RoleName?: string; PolicyArn?: string }) {
      const role = state.role(input.RoleName);
      const { arn } = state.policy(input.PolicyArn);
      if (role.attached.includes(arn)) return {};
      if (role.attached.length >= 10)
        throw new AwsError("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10", 409);
      change(role, { attached: [...role.attached, arn] });
      return {};
    },

    DetachRolePolicy(input: { RoleName?: string; PolicyArn?: string }) {
      const role = state.role(input.RoleName);
      if (!role.attached.includes(input.PolicyArn ?? "")) throw noSuch(`Policy ${input.PolicyArn} was not found.`);
      change(role, { attached: role.attached.filter((arn) => arn !== input.PolicyArn) });
      return {};
    },

    ListAttachedRolePolicies(input: { RoleName?: string; PathPrefix?: string; Marker?: string; MaxItems?: unknown }) {
      const attached = state.role(input.RoleName).attached.map((arn) => state.policy(arn));
      const wanted = attached.filter((policy) => policy.path.startsWith(input.PathPrefix ?? "/"));
      const { items, ...page } = listPage(wanted, input, (policy) => policy.arn);
      return { AttachedPolicies: items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })), ...page };
    },
  };
}

function inlinePolicy(role: Role, name: string | undefined): string {
  const document = Object.hasOwn(role.inline, name ?? "") ? role.inline[name!] : undefined;
  if (document === undefined) throw noSuch(`The role policy with name ${name} cannot be found.`);
  return document;
}
