import { readFileSync } from "node:fs";
import { join } from "node:path";
import { arnMatches } from "../../src/local/services/iam/evaluation/policy.ts";
import type { PolicyDocument } from "../../src/pipeline/settings/policies.ts";

const actions = JSON.parse(readFileSync(join(import.meta.dirname, "iam-actions.json"), "utf8")) as Record<
  string,
  string[]
>;

/**
 * What AWS's service authorization reference says against a policy, a line a fault: actions that don't exist, a resource that an
 * action isn't about, and "*" where the action can be narrowed.
 */
export function scopeFaults({ Statement }: PolicyDocument): string[] {
  return Statement.flatMap(({ Action, Resource = [] }) =>
    [Action].flat().flatMap((action) => {
      const patterns = actions[action];
      if (patterns === undefined) return [`${action}: no such action`];
      return [Resource].flat().flatMap((resource) => {
        if (resource === "*") return patterns.length > 0 ? [`${action}: could be narrowed to ${patterns[0]}`] : [];
        const about = patterns.some((pattern) => arnMatches(pattern.replace(/\$\{\w+\}/g, "*"), resource));
        return about ? [] : [`${action}: isn't about ${resource}`];
      });
    }),
  );
}
