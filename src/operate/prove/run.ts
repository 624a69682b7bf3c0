import { parseDuration } from "../../io/text.ts";
import type { Provisioning } from "../../pipeline/plan/provision.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import { diagnose } from "./diagnosis.ts";
import { recordProof } from "./metrics.ts";
import { type Proof, type ProveOptions, prove } from "./prove.ts";

export interface RunOptions extends Omit<ProveOptions, "id" | "timeout"> {
  /** Milliseconds; left out: what a healthy pipeline needs at most. */
  timeout?: number | undefined;
}

export interface RepeatOptions extends RunOptions {
  /** Milliseconds from the beginning of one proof to that of the next. */
  every: number;
  onProof(proof: Proof): void;
  onUncounted(error: Error): void;
}

/** One proof, with what is found wrong where it failed. */
export async function proveOnce(session: Session, what: Provisioning, options: RunOptions): Promise<Proof> {
  const { settings, target } = session;
  const usual = (target.kind === "aws" ? 180_000 : 60_000) + (parseDuration(settings.digest) ?? 0);
  const began = options.wallClock();
  const id = `${began.toString(36)}${Math.floor(options.random() * 1296).toString(36)}`;
  const proof = await prove(session, { ...options, timeout: options.timeout ?? usual, id });
  if (proof.failed) {
    const found = await diagnose(what, proof.failed.hop, began);
    proof.failed.found = [...(proof.failed.found ?? []), ...found];
  }
  return proof;
}

/** Proves until the signal; a proof that can't even begin is one that failed. */
export async function proveEvery(session: Session, what: Provisioning, options: RepeatOptions): Promise<void> {
  const { signal, now, sleep, every } = options;
  while (!signal.aborted) {
    const next = now() + every;
    const proof = await proveOnce(session, what, options).catch((error: Error) => notBegun(session, options, error));
    if (signal.aborted) return;
    options.onProof(proof);
    await recordProof(session, proof).catch(options.onUncounted);
    await sleep(Math.max(0, next - now()));
  }
}

function notBegun({ settings }: Session, options: RunOptions, error: Error): Proof {
  return {
    ok: false,
    turbineId: "",
    timestamp: new Date(options.wallClock()).toISOString(),
    hops: [],
    failed: { hop: "acknowledged", look: "Does the pipeline stand? windops status", found: [error.message] },
    left: { readings: 0, hours: settings.retentionHours },
  };
}
