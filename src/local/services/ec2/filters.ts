import { AwsError } from "../../errors.ts";
import type { Tag } from "../../wire-values.ts";
import { wildcard } from "../iam/evaluation/policy.ts";

export interface Filter {
  Name?: string;
  Value?: string[];
}

/** What of a resource filters can name; `tags` serve `tag:<key>` and `tag-key`. Throws for a filter that isn't known. */
export function matchesFilters(
  filters: Filter[] | undefined,
  values: Record<string, string | string[] | undefined>,
  tags: Tag[],
): boolean {
  return (filters ?? []).every(({ Name: name = "", Value: wanted = [] }) => {
    const given = name.startsWith("tag:")
      ? tags.filter((tag) => tag.Key === name.slice(4)).map((tag) => tag.Value)
      : name === "tag-key"
        ? tags.map((tag) => tag.Key)
        : known(values, name);
    return given.some((value) => wanted.some((pattern) => wildcard(pattern, value)));
  });
}

function known(values: Record<string, string | string[] | undefined>, name: string): string[] {
  if (!Object.hasOwn(values, name))
    throw new AwsError("InvalidParameterValue", `The filter '${name}' is invalid (or not in the embedded stack)`);
  const value = values[name];
  return value === undefined ? [] : [value].flat();
}

export const tagSet = (tags: Tag[]) => tags.map(({ Key, Value }) => ({ key: Key, value: Value }));

/** Tags of a creation's TagSpecification list for one kind of resource. */
export function specifiedTags(
  specifications: { ResourceType?: string; Tag?: Tag[] }[] | undefined,
  kind: string,
): Tag[] {
  return (specifications ?? [])
    .filter((s) => s.ResourceType === kind)
    .flatMap((s) => s.Tag ?? [])
    .map(({ Key, Value }) => ({ Key, Value: Value ?? "" }));
}
