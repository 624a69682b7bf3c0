import { type Change, compare } from "../resource.ts";

declare const __VERSION__: string;
const version = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-dev";

export type Tags = Record<string, string>;

/** Whose value is the pipeline's name: what has it is ours. */
export const OWNER_TAG = "windops:pipeline";
/** The version of windops that set it up last. */
export const VERSION_TAG = "windops:version";

export function wantedTags(pipeline: string): Tags {
  return { [OWNER_TAG]: pipeline, [VERSION_TAG]: version };
}

/** Differences in our own tags only: others' are left alone. */
export function tagChanges(actual: Tags, wanted: Tags): Change[] {
  return Object.entries(wanted).flatMap(([key, value]) => compare(`tag ${key}`, actual[key], value));
}

export function tagsDiffer(changes: Change[]): boolean {
  return changes.some((change) => change.property.startsWith("tag "));
}

/** The two shapes in which services list tags. */
export function fromList(list: { Key?: string; Value?: string }[] | undefined): Tags {
  return Object.fromEntries((list ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

export function toList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
