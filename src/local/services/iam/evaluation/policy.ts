import { type Context, conditionsHold, expandVariables } from "./conditions.ts";

export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Principal?: unknown;
  NotPrincipal?: unknown;
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyDocument {
  Version?: string;
  Id?: string;
  Statement: Statement | Statement[];
}

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

export interface Evaluation {
  decision: Decision;
  /** Indices of the policies, and the statements in them, that decided. */
  matched: { policy: number; statement: number }[];
  /** Context keys that a statement's condition asked for and nobody gave. */
  missing: string[];
}

/**
 * IAM's evaluation of identity policies: an explicit Deny wins, then an Allow, else an implicit deny. `action` is
 * `service:Action`; `resource` an ARN or "*". `context` has condition keys (`aws:SourceIp`, `kms:ViaService` …).
 * Boundaries, SCPs, sessions and resource policies aren't looked at.
 */
export function evaluate(
  policies: PolicyDocument[],
  action: string,
  resource: string,
  context: Context = {},
): Evaluation {
  const missing = new Set<string>();
  const allows: Evaluation["matched"] = [];
  const denies: Evaluation["matched"] = [];
  policies.forEach((document, policy) => {
    [document.Statement].flat().forEach((statement, index) => {
      if (!covers(statement, action, resource, context)) return;
      if (!conditionsHold(statement.Condition, context, missing)) return;
      (statement.Effect === "Deny" ? denies : allows).push({ policy, statement: index });
    });
  });
  const decision = denies.length > 0 ? "explicitDeny" : allows.length > 0 ? "allowed" : "implicitDeny";
  return { decision, matched: denies.length > 0 ? denies : allows, missing: [...missing] };
}

function covers(statement: Statement, action: string, resource: string, context: Context): boolean {
  const { Action, NotAction, Resource, NotResource } = statement;
  const named = (patterns: string | string[]) =>
    [patterns].flat().some((p) => wildcard(p.toLowerCase(), action.toLowerCase()));
  if (Action !== undefined ? !named(Action) : NotAction === undefined || named(NotAction)) return false;
  const meant = (patterns: string | string[]) =>
    [patterns].flat().some((p) => arnMatches(expandVariables(p, context), resource));
  // Trust policies have no resource: they are about the role that they belong to.
  if (Resource === undefined && NotResource === undefined) return true;
  return Resource !== undefined ? meant(Resource) : !meant(NotResource!);
}

/** ARNs match part by part: a `*` in one of the first five parts doesn't reach beyond its colon. */
export function arnMatches(pattern: string, arn: string): boolean {
  if (pattern === "*") return true;
  if (arn === "*") return false;
  const [wanted, given] = [parts(pattern), parts(arn)];
  if (!wanted || !given) return wildcard(pattern, arn);
  return wanted.every((part, i) => wildcard(part, given[i]!));
}

function parts(arn: string): string[] | undefined {
  const pieces = arn.split(":");
  return pieces.length < 6 ? undefined : [...pieces.slice(0, 5), pieces.slice(5).join(":")];
}

/** `*` any run of characters, `?` any one; linear in practice, without regular expressions made of user input. */
export function wildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p++;
      retry = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++retry;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
