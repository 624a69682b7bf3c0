import { AwsError } from "../../errors.ts";

export type Matches = (message: string) => boolean;

const invalid = (pattern: string) => new AwsError("InvalidParameterException", `Invalid filter pattern: ${pattern}`);

/**
 * A filter pattern of CloudWatch Logs: terms that all must occur, "quoted ones", `?one ?or ?other`, `-excluded`, regular
 * expressions between percent signs aren't taken; `{ $.level = "ERROR" && $.code >= 500 }` over JSON messages.
 */
export function parseFilterPattern(pattern: string | undefined): Matches {
  const text = pattern?.trim() ?? "";
  if (text === "") return () => true;
  if (text.startsWith("{")) return jsonPattern(text);
  if (text.startsWith("[") || text.startsWith("%")) throw invalid(text);
  const every: string[] = [];
  const some: string[] = [];
  const none: string[] = [];
  for (const [, sign, quoted, plain] of text.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)) {
    const term = quoted === undefined ? plain! : quoted.replace(/\\(.)/g, "$1");
    if (plain?.includes('"')) throw invalid(text);
    (sign === "?" ? some : sign === "-" ? none : every).push(term);
  }
  return (message) =>
    every.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (some.length === 0 || every.length > 0 || some.some((term) => message.includes(term)));
}

type Test = (value: any) => boolean;

/** `{ a && b || c }`, && before ||, with parentheses. */
function jsonPattern(text: string): Matches {
  const tokens = text.match(/\$[\w.[\]-]*|"(?:[^"\\]|\\.)*"|&&|\|\||!=|<=|>=|[=<>(){}]|[\w.*+-]+/g) ?? [];
  let at = 0;
  const take = (token: string) => tokens[at] === token && ++at > 0;
  const expect = (token: string) => {
    if (!take(token)) throw invalid(text);
  };
  const or = (): Test => {
    const sides = [and()];
    while (take("||")) sides.push(and());
    return (value) => sides.some((side) => side(value));
  };
  const and = (): Test => {
    const sides = [comparison()];
    while (take("&&")) sides.push(comparison());
    return (value) => sides.every((side) => side(value));
  };
  const comparison = (): Test => {
    if (take("(")) {
      const inner = or();
      expect(")");
      return inner;
    }
    const [selector, operator, operand] = [tokens[at++], tokens[at++], tokens[at++]];
    if (!selector?.startsWith("$") || operator === undefined || operand === undefined) throw invalid(text);
    if (operator === "IS" || operator === "NOT") {
      if (operator === "NOT" && operand === "EXISTS") return (value) => select(value, selector) === undefined;
      if (operand !== "NULL" && operand !== "TRUE" && operand !== "FALSE") throw invalid(text);
      const wanted = { NULL: null, TRUE: true, FALSE: false }[operand];
      return (value) => select(value, selector) === wanted;
    }
    return compare(selector, operator, operand, text);
  };
  expect("{");
  const test = or();
  expect("}");
  if (at !== tokens.length) throw invalid(text);
  return (message) => {
    try {
      return test(JSON.parse(message));
    } catch {
      return false;
    }
  };
}

function compare(selector: string, operator: string, operand: string, text: string): Test {
  const literal = operand.startsWith('"') ? operand.slice(1, -1).replace(/\\(.)/g, "$1") : operand;
  const number = operand.startsWith('"') ? Number.NaN : Number(literal);
  const pieces = literal.split("*");
  const like = (value: string) => {
    if (pieces.length === 1) return value === literal;
    let at = 0;
    return pieces.every((piece, i) => {
      const found =
        i === 0
          ? value.startsWith(piece)
            ? 0
            : -1
          : i === pieces.length - 1
            ? value.length - piece.length >= at && value.endsWith(piece)
              ? value.length - piece.length
              : -1
            : value.indexOf(piece, at);
      at = found + piece.length;
      return found >= 0;
    });
  };
  const equals = (value: unknown) =>
    typeof value === "number" ? value === number : typeof value === "string" && like(value);
  const tests: Record<string, Test> = {
    "=": equals,
    "!=": (value) => value !== undefined && !equals(value),
    "<": (value) => value < number,
    "<=": (value) => value <= number,
    ">": (value) => value > number,
    ">=": (value) => value >= number,
  };
  const test = tests[operator];
  if (!test) throw invalid(text);
  return (value) => test(select(value, selector));
}

function select(value: any, selector: string): any {
  return selector
    .slice(1)
    .split(/[.[\]]+/)
    .filter((name) => name !== "")
    .reduce(
      (at, name) => (at !== null && typeof at === "object" && Object.hasOwn(at, name) ? at[name] : undefined),
      value,
    );
}
