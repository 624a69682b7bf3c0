import type { Context } from "../../io/terminal/command.ts";
import type { Provisioning } from "../../pipeline/plan/provision.ts";
import type { Session } from "../../pipeline/settings/session.ts";

/** What came of a check. `fix` says what to do; `warning` and `skipped` fail nothing. */
export interface Outcome {
  state: "ok" | "failed" | "warning" | "skipped";
  detail: string;
  fix?: string;
}

export interface Checked extends Outcome {
  title: string;
}

export interface Patient {
  ctx: Context;
  /** Node's own version, e.g. "22.4.0". */
  node: string;
  /** Connects once; every check that asks for it gets the same, or the same error. */
  session(): Promise<Session>;
  what(): Promise<Provisioning>;
}

export interface Diagnosis {
  ok: boolean;
  checks: Checked[];
}

export interface Check {
  title: string;
  /** It makes no sense before the target answers. */
  needsTarget: boolean;
  run(patient: Patient): Promise<Outcome>;
}

export const ok = (detail: string): Outcome => ({ state: "ok", detail });
export const failed = (detail: string, fix: string): Outcome => ({ state: "failed", detail, fix });
export const warning = (detail: string, fix: string): Outcome => ({ state: "warning", detail, fix });
export const skipped = (detail: string): Outcome => ({ state: "skipped", detail });
