import { AwsError } from "../../../errors.ts";
import type { PolicyDocument, Statement } from "./policy.ts";

const ELEMENTS = "Sid Effect Action NotAction Resource NotResource Principal NotPrincipal Condition".split(" ");

/** Parses and checks a policy as IAM does when it is put; throws MalformedPolicyDocument. */
export function parsePolicy(text: string | undefined, kind: "identity" | "trust"): PolicyDocument {
  const wrong = (why: string) => new AwsError("MalformedPolicyDocument", why);
  let document: any;
  try {
    document = JSON.parse(text ?? "");
  } catch {
    throw wrong("This policy contains invalid Json");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw wrong("Syntax errors in policy.");
  if (document.Version !== undefined && !["2012-10-17", "2008-10-17"].includes(document.Version))
    throw wrong("The policy must contain a valid version string");
  const unknown = Object.keys(document).find((key) => !["Version", "Id", "Statement"].includes(key));
  if (unknown !== undefined) throw wrong(`Syntax error: unknown element ${unknown}`);
  const statements: Statement[] = [document.Statement ?? []].flat();
  if (statements.length === 0) throw wrong("Syntax errors in policy.");
  const sids = statements.map((s) => s.Sid).filter((sid) => sid !== undefined);
  if (new Set(sids).size !== sids.length) throw wrong("Statement IDs (SID) in a single policy must be unique.");
  for (const statement of statements) checkStatement(statement, kind, wrong);
  return document;
}

function checkStatement(statement: Statement, kind: "identity" | "trust", wrong: (why: string) => AwsError): void {
  if (typeof statement !== "object" || statement === null) throw wrong("Syntax errors in policy.");
  const unknown = Object.keys(statement).find((key) => !ELEMENTS.includes(key));
  if (unknown !== undefined) throw wrong(`Syntax error: unknown element ${unknown}`);
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw wrong("Syntax errors in policy.");
  if (statement.Sid !== undefined && !/^[A-Za-z0-9 ]*$/.test(statement.Sid))
    throw wrong("Statement IDs (SID) must be alpha-numeric.");
  const actions = [statement.Action ?? statement.NotAction ?? []].flat();
  if (actions.length === 0) throw wrong("Policy statement must contain actions.");
  for (const action of actions) {
    if (action !== "*" && !/^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/.test(action))
      throw wrong("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  const principals = statement.Principal ?? statement.NotPrincipal;
  const resources = [statement.Resource ?? statement.NotResource ?? []].flat();
  if (kind === "trust") {
    if (principals === undefined) throw wrong("AssumeRole policy must contain a principal");
    if (resources.length > 0) throw wrong("Has prohibited field Resource");
    return;
  }
  if (principals !== undefined) throw wrong("Policy document should not specify a principal.");
  if (resources.length === 0) throw wrong("Policy statement must contain resources.");
  for (const resource of resources) {
    if (resource !== "*" && !/^arn:[^:]*:[^:]*:[^:]*:[^:]*:./.test(resource))
      throw wrong(`Resource ${resource} must be in ARN format or "*".`);
  }
}
