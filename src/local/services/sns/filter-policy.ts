import { AwsError } from "../../errors.ts";

/** A message attribute as filters see it: one value, or an array's values. */
export type Values = Record<string, unknown>;

const OPERATORS = ["prefix", "suffix", "anything-but", "numeric", "exists", "equals-ignore-case"];

/** Throws InvalidParameter where SNS (or this stack) doesn't take the policy. */
export function parseFilterPolicy(text: string): Record<string, any> {
  const invalid = (why: string) => new AwsError("InvalidParameter", `Invalid parameter: FilterPolicy: ${why}`);
  let policy: any;
  try {
    policy = JSON.parse(text);
  } catch {
    throw invalid("failed to parse JSON.");
  }
  if (typeof policy !== "object" || policy === null || Array.isArray(policy))
    throw invalid("Filter policy is not an object");
  const check = (node: Record<string, any>) => {
    for (const [name, rule] of Object.entries(node)) {
      if (name === "$or" && Array.isArray(rule)) for (const one of rule) check(one);
      else if (!Array.isArray(rule)) {
        if (typeof rule !== "object" || rule === null) throw invalid(`"${name}" must be an object or an array`);
        check(rule);
      } else for (const match of rule) checkMatch(match, invalid);
    }
  };
  check(policy);
  return policy;
}

function checkMatch(match: unknown, invalid: (why: string) => AwsError): void {
  if (typeof match !== "object" || match === null) return;
  const keys = Object.keys(match);
  if (keys.length !== 1 || !OPERATORS.includes(keys[0]!)) throw invalid(`Unrecognized match type ${keys.join(",")}`);
}

/** Every name of the policy must have one of its matches. */
export function matchesPolicy(policy: Record<string, any>, values: Values): boolean {
  return Object.entries(policy).every(([name, rule]) => {
    if (name === "$or" && Array.isArray(rule)) return rule.some((one) => matchesPolicy(one, values));
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (Array.isArray(rule)) return rule.some((match) => matchesRule(match, value));
    const inner = (v: unknown) => typeof v === "object" && v !== null && matchesPolicy(rule, v as Values);
    return Array.isArray(value) ? value.some(inner) : inner(value);
  });
}

function matchesRule(match: any, value: unknown): boolean {
  if (typeof match === "object" && match !== null && "exists" in match) return match.exists === (value !== undefined);
  if (value === undefined) return false;
  const values = Array.isArray(value) ? value : [value];
  if (typeof match === "object" && match !== null && "anything-but" in match)
    return values.some((one) => !anyOf(match["anything-but"], one));
  return values.some((one) => matchesOne(match, one));
}

function anyOf(excluded: any, value: unknown): boolean {
  return [excluded].flat().some((one) => matchesOne(one, value));
}

function matchesOne(match: any, value: unknown): boolean {
  if (typeof match !== "object" || match === null) return match === value;
  const text = typeof value === "string" ? value : undefined;
  if ("prefix" in match) return text?.startsWith(match.prefix) === true;
  if ("suffix" in match) return text?.endsWith(match.suffix) === true;
  if ("equals-ignore-case" in match) return text?.toLowerCase() === String(match["equals-ignore-case"]).toLowerCase();
  if ("numeric" in match) return typeof value === "number" && inRange(match.numeric, value);
  return false;
}

/** `[">", 2, "<=", 10]`. */
function inRange(conditions: unknown[], value: number): boolean {
  for (let i = 0; i + 1 < conditions.length; i += 2) {
    const bound = Number(conditions[i + 1]);
    const holds = {
      "=": value === bound,
      "<": value < bound,
      "<=": value <= bound,
      ">": value > bound,
      ">=": value >= bound,
    };
    if (!holds[conditions[i] as "="]) return false;
  }
  return true;
}
