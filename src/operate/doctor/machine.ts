import type { STSClient } from "@aws-sdk/client-sts";
import { GetCallerIdentityCommand } from "../../aws/sts.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import { duration } from "../../io/text.ts";
import { describeTarget } from "../../pipeline/settings/session.ts";
import { findSettingsFile, loadSettings } from "../../pipeline/settings/settings.ts";
import { failed, type Outcome, ok, type Patient, skipped } from "./check.ts";

const OLDEST_NODE = [20, 19];
/** AWS refuses signatures from 5 minutes on. */
const MOST_SKEW_MS = 240_000;

export async function checkNode({ node }: Patient): Promise<Outcome> {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const old = major < OLDEST_NODE[0]! || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]!);
  return old ? failed(`v${node}`, `Install Node.js ${OLDEST_NODE.join(".")} or newer.`) : ok(`v${node}`);
}

export async function checkSettings({ ctx }: Patient): Promise<Outcome> {
  loadSettings(ctx.env, ctx.cwd, ctx.globals);
  const file = ctx.globals.config ?? ctx.env.WINDOPS_CONFIG ?? findSettingsFile(ctx.cwd);
  return ok(file ?? "no windops.json: the defaults");
}

export async function checkCredentials(patient: Patient): Promise<Outcome> {
  try {
    const { target } = await patient.session();
    const who = target.caller === undefined ? "" : `, as ${target.caller}`;
    return ok(`${describeTarget(target)}${who}`);
  } catch (error) {
    // Nothing is wrong with a stack that nobody has started yet.
    if (error instanceof WindopsError && error.code === "E_STACK_DOWN") {
      return skipped("the embedded stack needs none; it isn't running: the first command that needs it starts it");
    }
    throw error;
  }
}

/** By the Date of an answer: to the second, and so good to one. */
export async function checkClock(patient: Patient): Promise<Outcome> {
  const { clients } = await patient.session();
  const before = patient.ctx.now().getTime();
  const theirs = await answerDate(await clients.sts());
  const after = patient.ctx.now().getTime();
  if (theirs === undefined) return skipped("the answer has no Date");
  const skew = Math.round((before + after) / 2) - theirs;
  const text =
    Math.abs(skew) < 2000 ? "less than 2 s apart" : `${duration(Math.abs(skew))} ${skew > 0 ? "ahead" : "behind"}`;
  if (Math.abs(skew) < MOST_SKEW_MS) return ok(text);
  return failed(text, "Set the clock (e.g. `timedatectl set-ntp true`): AWS refuses requests signed at another time.");
}

async function answerDate(sts: STSClient): Promise<number | undefined> {
  let date: string | undefined;
  const command = new GetCallerIdentityCommand({});
  command.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      date = (answer.response as { headers?: Record<string, string> }).headers?.date;
      return answer;
    },
    { step: "deserialize", name: "windopsDate", priority: "low" },
  );
  await sts.send(command);
  return date === undefined ? undefined : Date.parse(date);
}

export async function checkStack(patient: Patient): Promise<Outcome> {
  const { target } = await patient.session();
  if (target.kind !== "local") return skipped("not the target");
  const response = await fetch(`${target.endpoint}/_windops/health`);
  const { services, torn, pid } = (await response.json()) as { services: string[]; torn: number; pid: number };
  const text = `${services.length} services on ${target.endpoint}, pid ${pid}`;
  if (torn === 0) return ok(text);
  return failed(
    `${text}; ${torn} files were damaged when it started`,
    "Its log names them; `windops local reset` starts with nothing.",
  );
}
