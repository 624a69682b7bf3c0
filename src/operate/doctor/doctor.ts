import { WindopsError } from "../../io/errors/errors.ts";
import { checkQuotas } from "./account.ts";
import { type Check, type Checked, type Diagnosis, failed, type Outcome, type Patient, skipped } from "./check.ts";
import { checkClock, checkCredentials, checkNode, checkSettings, checkStack } from "./machine.ts";
import { checkPermissions } from "./operator-rights.ts";
import { checkJar, checkResources, checkSubscriptions } from "./pipeline.ts";

/** Everything that is looked at, in this order. */
const CHECKS: Check[] = [
  { title: "Node.js is a version that windops runs on", needsTarget: false, run: checkNode },
  { title: "Settings can be read and hold nothing unknown", needsTarget: false, run: checkSettings },
  { title: "Credentials are there and accepted", needsTarget: false, run: checkCredentials },
  { title: "This machine's clock agrees with the services'", needsTarget: true, run: checkClock },
  { title: "The embedded stack is well", needsTarget: true, run: checkStack },
  { title: "Every call that windops makes is allowed", needsTarget: true, run: checkPermissions },
  { title: "The account's quotas leave room for the pipeline", needsTarget: true, run: checkQuotas },
  { title: "The Flink job's jar is built for its runtime", needsTarget: true, run: checkJar },
  { title: "Every resource is there, as setup makes it, and well", needsTarget: true, run: checkResources },
  { title: "Somebody is told of anomalies", needsTarget: true, run: checkSubscriptions },
];

/** Runs every check; one that throws has failed, with the error as its detail. */
export async function diagnose(patient: Patient, onChecked: (checked: Checked) => void): Promise<Diagnosis> {
  const checks: Checked[] = [];
  let answers = true;
  for (const { title, needsTarget, run } of CHECKS) {
    const outcome = needsTarget && !answers ? skipped("the target doesn't answer") : await outcomeOf(run, patient);
    if (run === checkCredentials && outcome.state !== "ok") answers = false;
    checks.push({ title, ...outcome });
    onChecked({ title, ...outcome });
    if (patient.ctx.signal.aborted) break;
  }
  return { ok: checks.every(({ state }) => state !== "failed"), checks };
}

async function outcomeOf(run: Check["run"], patient: Patient): Promise<Outcome> {
  try {
    return await run(patient);
  } catch (error) {
    const { message, name } = error as Error;
    const hint = error instanceof WindopsError ? error.hint : undefined;
    return failed(
      message || name,
      hint ?? "See `windops permissions` if it isn't allowed; --verbose shows the calls made.",
    );
  }
}
