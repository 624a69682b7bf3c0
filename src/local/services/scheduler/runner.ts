import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseExpression } from "./expression.ts";
import { keyOf, type Schedule, type SchedulerState } from "./state.ts";

/** The clock may be set; nothing is later than this for it. */
const LONGEST_SLEEP_MS = 1000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
/** Invocations of one schedule that may be retried at once; what comes then is dropped, and said. */
const MAX_UNDER_WAY = 20;

/** Fires the schedules when they are due. Times missed while the stack was down aren't made up, but for `at(…)`. */
export class Runner {
  readonly #state: SchedulerState;
  readonly #due = new Map<string, { schedule: Schedule; at: number | undefined }>();
  readonly #underWay = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #ticked = 0;

  constructor(state: SchedulerState) {
    this.#state = state;
  }

  start(): void {
    this.#tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tick(): void {
    const now = this.#state.stack.now();
    // The clock was set back: what was worked out is too far away now.
    if (now < this.#ticked) this.#due.clear();
    this.#ticked = now;
    let earliest = now + LONGEST_SLEEP_MS;
    for (const [key, schedule] of [...this.#state.schedules.entries()]) {
      const at = this.#dueAt(key, schedule, now);
      if (at !== undefined && at <= now) {
        this.#due.delete(key);
        void this.#fire(schedule, at);
      } else if (at !== undefined) earliest = Math.min(earliest, at);
    }
    for (const key of this.#due.keys()) if (!this.#state.schedules.get(key)) this.#due.delete(key);
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, earliest - now));
    this.#timer.unref();
  }

  /** When the schedule fires next; worked out once, and again after it was changed. */
  #dueAt(key: string, schedule: Schedule, now: number): number | undefined {
    if (schedule.state === "DISABLED" || schedule.completed) return undefined;
    const known = this.#due.get(key);
    if (known?.schedule === schedule) return known.at;
    const timing = parseExpression(schedule.expression, schedule.timezone, schedule.start ?? schedule.modified);
    // A new one counts from its beginning, so that it doesn't miss what came due since.
    const fresh = known !== undefined || now - schedule.modified <= LONGEST_SLEEP_MS;
    let at = timing.next(timing.once || fresh ? schedule.modified - 1 : now);
    if (at !== undefined && at <= now - LONGEST_SLEEP_MS && !timing.once) at = timing.next(now);
    if (at !== undefined && schedule.end !== undefined && at > schedule.end) at = undefined;
    this.#due.set(key, { schedule, at });
    return at;
  }

  async #fire(schedule: Schedule, at: number): Promise<void> {
    const { stack } = this.#state;
    this.#rearm(schedule);
    const key = keyOf(schedule);
    const underWay = this.#underWay.get(key) ?? 0;
    if (underWay >= MAX_UNDER_WAY)
      return stack.log(`Scheduler: ${key} skipped: ${underWay} invocations are still being retried`);
    this.#underWay.set(key, underWay + 1);
    try {
      await this.#deliver(schedule, at);
    } finally {
      this.#underWay.set(key, (this.#underWay.get(key) ?? 1) - 1);
    }
  }

  #rearm(schedule: Schedule): void {
    const timing = parseExpression(schedule.expression, schedule.timezone, schedule.start ?? schedule.modified);
    if (!timing.once) {
      const next = timing.next(this.#state.stack.now());
      const ended = next === undefined || (schedule.end !== undefined && next > schedule.end);
      this.#due.set(keyOf(schedule), { schedule, at: ended ? undefined : next });
    } else if (schedule.afterCompletion === "DELETE") this.#state.drop(schedule);
    else this.#state.keep({ ...schedule, completed: true });
  }

  /** Retries with back-off within the schedule's policy. */
  async #deliver(schedule: Schedule, at: number): Promise<void> {
    const { stack } = this.#state;
    const { MaximumRetryAttempts: retries = 185, MaximumEventAgeInSeconds: age = 86_400 } =
      schedule.target.RetryPolicy ?? {};
    const executionId = randomUUID();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#invoke(schedule, at, executionId, attempt);
      } catch (error) {
        if (stack.signal.aborted) return;
        const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
        const over = attempt > retries || stack.now() + wait > at + age * 1000;
        const gone = this.#state.schedules.get(keyOf(schedule)) === undefined;
        stack.log(
          `Scheduler: ${schedule.arn} attempt ${attempt}: ${(error as Error).message}${over ? "; given up" : ""}`,
        );
        if (over || gone) return;
        await sleep(wait, undefined, { signal: stack.signal, ref: false }).catch(() => {});
        if (stack.signal.aborted) return;
      }
    }
  }

  async #invoke(schedule: Schedule, at: number, executionId: string, attempt: number): Promise<void> {
    const { stack } = this.#state;
    const { Arn, Input } = schedule.target;
    const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
    const event = {
      version: "0",
      id: executionId,
      "detail-type": "Scheduled Event",
      source: "aws.scheduler",
      account: stack.account,
      time,
      region: schedule.region,
      resources: [schedule.arn],
      detail: "{}",
    };
    const attributes: Record<string, string> = {
      "schedule-arn": schedule.arn,
      "scheduled-time": time,
      "execution-id": executionId,
      "attempt-number": String(attempt),
    };
    const text =
      Input?.replace(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name) => attributes[name] ?? whole) ??
      JSON.stringify(event);
    const [service, operation, input] = Arn.includes(":sns:")
      ? ["sns", "Publish", { TopicArn: Arn, Message: text }]
      : ["lambda", "Invoke", { FunctionName: Arn, InvocationType: "Event", Payload: Buffer.from(text) }];
    await stack.call(service as string, operation as string, input as object, schedule.region);
  }
}
