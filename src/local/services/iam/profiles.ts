import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { mergeTags, type Tag, withoutTags } from "../../wire-values.ts";
import { roleShape } from "./roles.ts";
import {
  checkName,
  checkPath,
  conflict,
  exists,
  type IamState,
  type InstanceProfile,
  listPage,
  noSuch,
  uniqueId,
  values,
} from "./state.ts";

export function profileOperations(state: IamState): Record<string, Operation> {
  const shape = (profile: InstanceProfile) => ({
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: new Date(profile.created),
    Roles: profile.role === undefined ? [] : [roleShape(state.role(profile.role))],
    Tags: profile.tags.length > 0 ? profile.tags : undefined,
  });
  const change = (profile: InstanceProfile, changed: Partial<InstanceProfile>) =>
    state.profiles.put(profile.name, { ...profile, ...changed });
  return {
    CreateInstanceProfile(input: { InstanceProfileName?: string; Path?: string; Tags?: Tag[] }, call: Call) {
      const name = checkName(input.InstanceProfileName, "instanceProfileName", 128);
      const path = checkPath(input.Path);
      if (state.profiles.get(name)) throw exists(`Instance Profile ${name} already exists.`);
      const profile: InstanceProfile = {
        name,
        path,
        id: uniqueId("AIPA"),
        arn: state.arn(call.region, "instance-profile", path, name),
        created: state.now(),
        role: undefined,
        tags: mergeTags([], input.Tags),
      };
      state.profiles.put(name, profile);
      return { InstanceProfile: shape(profile) };
    },

    GetInstanceProfile: (input: { InstanceProfileName?: string }) => ({
      InstanceProfile: shape(state.profile(input.InstanceProfileName)),
    }),

    DeleteInstanceProfile(input: { InstanceProfileName?: string }) {
      const profile = state.profile(input.InstanceProfileName);
      if (profile.role !== undefined)
        throw conflict("Cannot delete entity, must remove roles from instance profile first.");
      state.profiles.delete(profile.name);
      return {};
    },

    AddRoleToInstanceProfile(input: { InstanceProfileName?: string; RoleName?: string }) {
      const profile = state.profile(input.InstanceProfileName);
      const role = state.role(input.RoleName);
      if (profile.role !== undefined)
        throw new AwsError("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409);
      change(profile, { role: role.name });
      return {};
    },

    RemoveRoleFromInstanceProfile(input: { InstanceProfileName?: string; RoleName?: string }) {
      const profile = state.profile(input.InstanceProfileName);
      if (profile.role === undefined || profile.role !== input.RoleName)
        throw noSuch(`The role with name ${input.RoleName} cannot be found in instance profile ${profile.name}.`);
      change(profile, { role: undefined });
      return {};
    },

    ListInstanceProfiles(input: { PathPrefix?: string; Marker?: string; MaxItems?: unknown }) {
      const wanted = values(state.profiles).filter((p) => p.path.startsWith(input.PathPrefix ?? "/"));
      const { items, ...page } = listPage(wanted, input, (profile) => profile.name);
      return { InstanceProfiles: items.map(shape), ...page };
    },

    ListInstanceProfilesForRole(input: { RoleName?: string; Marker?: string; MaxItems?: unknown }) {
      const { name } = state.role(input.RoleName);
      const { items, ...page } = listPage(
        values(state.profiles).filter((p) => p.role === name),
        input,
        (profile) => profile.name,
      );
      return { InstanceProfiles: items.map(shape), ...page };
    },

    TagInstanceProfile(input: { InstanceProfileName?: string; Tags?: Tag[] }) {
      const profile = state.profile(input.InstanceProfileName);
      change(profile, { tags: mergeTags(profile.tags, input.Tags) });
      return {};
    },

    UntagInstanceProfile(input: { InstanceProfileName?: string; TagKeys?: string[] }) {
      const profile = state.profile(input.InstanceProfileName);
      change(profile, { tags: withoutTags(profile.tags, input.TagKeys) });
      return {};
    },

    ListInstanceProfileTags(input: { InstanceProfileName?: string; Marker?: string; MaxItems?: unknown }) {
      const { items, ...page } = listPage(state.profile(input.InstanceProfileName).tags, input, (tag) => tag.Key);
      return { Tags: items, ...page };
    },
  };
}
