import { isConflict, isTransient, orAbsent } from "../../aws/failures.ts";
import { DescribeApplicationCommand, StopApplicationCommand } from "../../aws/flink.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import type { Context } from "../../io/terminal/command.ts";
import { interrupted } from "../plan/apply.ts";
import { delay } from "../plan/pace.ts";
import type { Provisioning } from "../plan/provision.ts";
import { pruneSnapshots } from "./snapshots.ts";

const DEADLINE_MS = 900_000;
const FORCEABLE = new Set(["RUNNING", "STARTING", "UPDATING", "STOPPING", "AUTOSCALING"]);

/** Stops the Flink application and waits until it has. Without `force` only from RUNNING, with a snapshot. */
export async function stop(
  ctx: Context,
  { pipeline, pace }: Pick<Provisioning, "pipeline" | "pace">,
  force: boolean,
): Promise<{ application: string; stopped: boolean }> {
  const ApplicationName = pipeline.names.application;
  const flink = await pipeline.clients.flink();
  const status = async () => {
    const described = await orAbsent(flink.send(new DescribeApplicationCommand({ ApplicationName })));
    return described?.ApplicationDetail?.ApplicationStatus;
  };
  const task = ctx.io.task(`Flink application ${ApplicationName}`);
  const end = pace.now() + DEADLINE_MS;
  let stopped = false;
  for (let attempt = 0; ; attempt++) {
    const now = await status();
    if (now === undefined) {
      task.fail("isn't there");
      throw new WindopsError("E_STEP_MISSING", `There is no Flink application ${ApplicationName}.`, {
        hint: "Run `windops setup`.",
      });
    }
    if (now === "READY") break;
    if (!stopped && (now === "RUNNING" || (force && FORCEABLE.has(now)))) {
      try {
        await flink.send(new StopApplicationCommand({ ApplicationName, Force: force }));
        stopped = true;
      } catch (error) {
        if (!isTransient(error) && !isConflict(error)) throw error;
      }
    }
    task.update(now);
    if (pace.now() > end) {
      throw new WindopsError("E_TIMEOUT", `${ApplicationName} is still ${now}.`, {
        hint: "Wait, or stop it without a snapshot: `windops stop --force`.",
      });
    }
    await pace.sleep(delay(pace, attempt), ctx.signal);
    if (ctx.signal.aborted) throw interrupted();
  }
  if (stopped) await pruneSnapshots(flink, ApplicationName, pipeline.settings.snapshots);
  task.done(stopped ? "stopped" : "wasn't running");
  return { application: ApplicationName, stopped };
}
