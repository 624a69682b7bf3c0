import { arnMatches, wildcard } from "./policy.ts";

/** Values of condition keys; the names' case doesn't matter. */
export type Context = Record<string, string | string[]>;

type Test = (given: string, wanted: string) => boolean;

const numeric =
  (holds: (a: number, b: number) => boolean): Test =>
  (a, b) =>
    holds(Number(a), Number(b));
const dated =
  (holds: (a: number, b: number) => boolean): Test =>
  (a, b) =>
    holds(time(a), time(b));

function time(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

const TESTS: Record<string, Test> = {
  StringEquals: (a, b) => a === b,
  StringEqualsIgnoreCase: (a, b) => a.toLowerCase() === b.toLowerCase(),
  StringLike: (a, b) => wildcard(b, a),
  NumericEquals: numeric((a, b) => a === b),
  NumericLessThan: numeric((a, b) => a < b),
  NumericLessThanEquals: numeric((a, b) => a <= b),
  NumericGreaterThan: numeric((a, b) => a > b),
  NumericGreaterThanEquals: numeric((a, b) => a >= b),
  DateEquals: dated((a, b) => a === b),
  DateLessThan: dated((a, b) => a < b),
  DateLessThanEquals: dated((a, b) => a <= b),
  DateGreaterThan: dated((a, b) => a > b),
  DateGreaterThanEquals: dated((a, b) => a >= b),
  Bool: (a, b) => a.toLowerCase() === b.toLowerCase(),
  ArnEquals: (a, b) => arnMatches(b, a),
  ArnLike: (a, b) => arnMatches(b, a),
  IpAddress: (a, b) => inBlock(a, b),
};

/** Negated operators hold where none of the values matches, and where the key is missing. */
const NEGATED: Record<string, string> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  NumericNotEquals: "NumericEquals",
  DateNotEquals: "DateEquals",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
  NotIpAddress: "IpAddress",
};

/** All blocks must hold. An operator that isn't known holds never: nothing is allowed by what isn't understood. */
export function conditionsHold(
  condition: Record<string, Record<string, string | string[]>> | undefined,
  context: Context,
  missing: Set<string>,
): boolean {
  return Object.entries(condition ?? {}).every(([operator, block]) =>
    Object.entries(block).every(([key, wanted]) => {
      const given = lookUp(context, key);
      if (given === undefined) missing.add(key);
      const values = [wanted].flat().map((value) => expandVariables(String(value), context));
      return holds(operator, given, values);
    }),
  );
}

function holds(operator: string, given: string[] | undefined, wanted: string[]): boolean {
  const [, quantifier, base = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(operator)!;
  if (base === "Null") return (given === undefined) === (wanted[0] === "true");
  const negated = NEGATED[base];
  const test = TESTS[negated ?? base];
  if (!test) return false;
  if (given === undefined) return ifExists !== undefined || negated !== undefined || quantifier === "ForAllValues";
  const one = (value: string) => wanted.some((w) => test(value, w)) === (negated === undefined);
  return quantifier === "ForAllValues" || (negated !== undefined && quantifier === undefined)
    ? given.every(one)
    : given.some(one);
}

function lookUp(context: Context, key: string): string[] | undefined {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase());
  return found && [found[1]].flat();
}

/** `${aws:username}`, `${*}`, `${$}`, `${?}`; a variable without a value matches nothing. */
export function expandVariables(text: string, context: Context): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    if (name === "*" || name === "?" || name === "$") return name;
    return lookUp(context, name)?.[0] ?? whole;
  });
}

function inBlock(address: string, block: string): boolean {
  const [network = "", bits = "32"] = block.split("/");
  const [a, b] = [ipv4(address), ipv4(network)];
  if (a === undefined || b === undefined) return address === network;
  const shift = 32 - Number(bits);
  return shift >= 32 || a >>> shift === b >>> shift;
}

function ipv4(text: string): number | undefined {
  const bytes = text.split(".").map(Number);
  if (bytes.length !== 4 || bytes.some((b) => !(b >= 0 && b <= 255))) return undefined;
  return bytes.reduce((sum, b) => sum * 256 + b, 0) >>> 0;
}
