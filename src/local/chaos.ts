import { setTimeout as sleep } from "node:timers/promises";
import { WindopsError } from "../io/errors/errors.ts";
import { AwsError } from "./errors.ts";
import type { Call } from "./service.ts";

/** One fault that the stack plays; docs/embedded-stack.md describes the file. */
export interface ChaosRule {
  /** As in `Stack.call` and the log: kinesis, lambda, dynamodb, s3 …; any if not said. */
  service?: string;
  /** The API's name of the call (S3's too: PutObject); any if not said. */
  operation?: string;
  /** Chance that a matching call is hit; 1 if neither this nor `nth` is said. */
  probability?: number;
  /** Which of the matching calls are hit, from 1. */
  nth?: number | number[];
  /** At most so many hits. */
  times?: number;
  /** Only within `within` milliseconds of such a call: what isn't yet known everywhere in AWS. */
  after?: { service: string; operation: string };
  within?: number;
  /** Milliseconds before anything else happens, or a range to draw from. */
  delay?: number | [number, number];
  /** The call isn't made and fails so. */
  error?: { code: string; message?: string; status?: number };
  /** The connection ends before the call is made, or after it took effect. */
  drop?: "before" | "after";
}

export interface ChaosFile {
  seed?: number;
  rules: ChaosRule[];
}

const FIELDS = "service operation probability nth times after within delay error drop".split(" ");

/** Reads a chaos file's text; throws `WindopsError` E_CHAOS_FILE naming the rule and what is wrong with it. */
export function parseChaos(text: string, name = "chaos file"): ChaosFile {
  const wrong = (what: string) =>
    new WindopsError("E_CHAOS_FILE", `${name}: ${what}`, { hint: "docs/embedded-stack.md describes the format." });
  let file: ChaosFile;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw wrong(`not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(file?.rules)) throw wrong('it needs "rules", a list');
  if (file.seed !== undefined && !Number.isInteger(file.seed)) throw wrong("seed must be a whole number");
  for (const [i, rule] of file.rules.entries()) {
    const problem = ruleProblem(rule);
    if (problem) throw wrong(`rule ${i + 1}: ${problem}`);
  }
  return file;
}

function ruleProblem(rule: ChaosRule): string | undefined {
  if (typeof rule !== "object" || rule === null) return "not an object";
  const unknown = Object.keys(rule).find((k) => !FIELDS.includes(k));
  if (unknown) return `unknown field "${unknown}"`;
  const p = rule.probability;
  if (p !== undefined && !(typeof p === "number" && p >= 0 && p <= 1)) return "probability must be from 0 to 1";
  if (rule.nth !== undefined && ![rule.nth].flat().every((n) => Number.isInteger(n) && n > 0))
    return "nth must be a whole number from 1, or a list of them";
  if (rule.times !== undefined && !Number.isInteger(rule.times)) return "times must be a whole number";
  if (rule.delay !== undefined && ![rule.delay].flat().every((n) => typeof n === "number" && n >= 0))
    return "delay must be milliseconds, or [from, to]";
  if ((rule.after === undefined) !== (rule.within === undefined)) return "after and within go together";
  if (rule.drop !== undefined && rule.drop !== "before" && rule.drop !== "after") return "drop is before or after";
  if (rule.error !== undefined && typeof rule.error?.code !== "string") return "error needs a code";
  if (rule.error === undefined && rule.drop === undefined && rule.delay === undefined)
    return "it does nothing: give it error, drop or delay";
  return undefined;
}

interface Armed {
  rule: ChaosRule;
  matched: number;
  hits: number;
  lastAfter: number;
}

/** The rules of a chaos file at work. The same seed and the same order of calls give the same faults. */
export class Chaos {
  readonly #armed: Armed[];
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #dropAfter = new WeakSet<Call>();

  constructor(file: ChaosFile, now: () => number = Date.now) {
    this.#armed = file.rules.map((rule) => ({ rule, matched: 0, hits: 0, lastAfter: -Infinity }));
    this.#random = mulberry32(file.seed ?? 1);
    this.#now = now;
  }

  /** Faults played so far, by rule. */
  get hits(): number[] {
    return this.#armed.map(({ hits }) => hits);
  }

  /** Waits out a rule's delay; resolves to the error to answer with, "drop", or undefined to make the call. */
  async before(call: Call): Promise<AwsError | "drop" | undefined> {
    const hit = this.#armed.filter((armed) => this.#fires(armed, call)).map((a) => a.rule);
    for (const { after, armed } of this.#armed.map((a) => ({ after: a.rule.after, armed: a }))) {
      if (after?.service === call.service && after.operation === call.operation) armed.lastAfter = this.#now();
    }
    for (const { delay } of hit) {
      if (delay === undefined) continue;
      const [from, to] = typeof delay === "number" ? [delay, delay] : delay;
      await sleep(from + (to - from) * this.#random());
    }
    for (const { error, drop } of hit) {
      if (drop === "before") return "drop";
      if (drop === "after") this.#dropAfter.add(call);
      if (error) return new AwsError(error.code, error.message ?? `Injected ${error.code}`, error.status ?? 400);
    }
    return undefined;
  }

  dropsAfter(call: Call): boolean {
    return this.#dropAfter.has(call);
  }

  #fires(armed: Armed, call: Call): boolean {
    const { rule } = armed;
    if (rule.service !== undefined && rule.service !== call.service) return false;
    if (rule.operation !== undefined && rule.operation !== call.operation) return false;
    if (rule.within !== undefined && this.#now() - armed.lastAfter > rule.within) return false;
    armed.matched++;
    if (armed.hits >= (rule.times ?? Infinity)) return false;
    if (rule.nth !== undefined && ![rule.nth].flat().includes(armed.matched)) return false;
    if (rule.probability !== undefined && this.#random() >= rule.probability) return false;
    armed.hits++;
    return true;
  }
}

/** Mulberry32: a small generator whose 32-bit state is the seed. */
export function mulberry32(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
