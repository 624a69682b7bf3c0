import { AwsError } from "../../errors.ts";
import type { Stack } from "../../service.ts";
import { parseExpression } from "./expression.ts";
import { invalid, type Schedule, type Target } from "./state.ts";

export interface ScheduleInput {
  Name: string;
  GroupName?: string;
  ScheduleExpression?: string;
  ScheduleExpressionTimezone?: string;
  Description?: string;
  State?: string;
  FlexibleTimeWindow?: { Mode?: string; MaximumWindowInMinutes?: number };
  Target?: Target;
  StartDate?: Date;
  EndDate?: Date;
  KmsKeyArn?: string;
  ActionAfterCompletion?: string;
}

export function checkName(name: string, what: string): void {
  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(name))
    throw invalid(
      `1 validation error detected: Value '${name}' at '${what}' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$`,
    );
}

/** Checks what can be checked of a schedule alone; throws ValidationException. */
export function checkSchedule(input: ScheduleInput, now: number): void {
  const {
    ScheduleExpression: expression = "",
    ScheduleExpressionTimezone: timezone = "UTC",
    FlexibleTimeWindow: flexible,
  } = input;
  try {
    parseExpression(expression, timezone, now);
  } catch (error) {
    if (error instanceof RangeError) throw invalid(`The ScheduleExpressionTimezone ${timezone} is not valid.`);
    if (error instanceof SyntaxError) throw invalid(`Invalid Schedule Expression ${expression}.`);
    throw error;
  }
  if (flexible?.Mode !== "OFF" && flexible?.Mode !== "FLEXIBLE")
    throw invalid("FlexibleTimeWindow.Mode must be OFF or FLEXIBLE");
  const window = flexible.MaximumWindowInMinutes;
  if (flexible.Mode === "OFF" ? window !== undefined : !(window !== undefined && window >= 1 && window <= 1440))
    throw invalid("MaximumWindowInMinutes goes with the mode FLEXIBLE, from 1 to 1440");
  if (!["ENABLED", "DISABLED", undefined].includes(input.State)) throw invalid(`Invalid State ${input.State}`);
  if (!["NONE", "DELETE", undefined].includes(input.ActionAfterCompletion))
    throw invalid(`Invalid ActionAfterCompletion ${input.ActionAfterCompletion}`);
  if (input.StartDate && input.EndDate && input.EndDate <= input.StartDate)
    throw invalid("The EndDate must be after the StartDate.");
  if (input.EndDate && input.EndDate.getTime() <= now)
    throw invalid("The EndDate you specify cannot be earlier than the current time.");
  checkRetry(input.Target?.RetryPolicy);
}

function checkRetry(retry: Target["RetryPolicy"] = {}): void {
  const { MaximumRetryAttempts: attempts = 0, MaximumEventAgeInSeconds: age = 60 } = retry;
  if (!(attempts >= 0 && attempts <= 185)) throw invalid("MaximumRetryAttempts must be from 0 to 185");
  if (!(age >= 60 && age <= 86_400)) throw invalid("MaximumEventAgeInSeconds must be from 60 to 86400");
}

/** The target must be something that this stack can call, with a role that Scheduler may assume. */
export async function checkTarget(target: Target | undefined, stack: Stack, region: string): Promise<Target> {
  if (!target?.Arn || !target.RoleArn) throw invalid("Target needs an Arn and a RoleArn");
  if (!/^arn:aws[\w-]*:(lambda|sns):/.test(target.Arn))
    throw invalid(
      `Provided Arn ${target.Arn} is not supported: the embedded stack's Scheduler calls Lambda functions and SNS topics`,
    );
  const role = /^arn:aws[\w-]*:iam::\d{12}:role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(target.RoleArn);
  if (!role) throw invalid(`Invalid RoleArn ${target.RoleArn}`);
  if (!(await canAssume(role[1]!, stack, region)))
    throw invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
  if (target.Input !== undefined && Buffer.byteLength(target.Input) > 262_144)
    throw invalid("Target.Input is larger than 256 KB");
  return target;
}

async function canAssume(RoleName: string, stack: Stack, region: string): Promise<boolean> {
  let document: any;
  try {
    const { Role } = await stack.call("iam", "GetRole", { RoleName }, region);
    document = JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument));
  } catch (error) {
    if (error instanceof AwsError && error.code === "NoSuchEntity") return false;
    throw error;
  }
  return [document.Statement]
    .flat()
    .some(
      (statement: any) =>
        statement.Effect === "Allow" &&
        [statement.Action].flat().some((action: string) => ["sts:AssumeRole", "sts:*", "*"].includes(action)) &&
        [statement.Principal?.Service ?? []].flat().includes("scheduler.amazonaws.com"),
    );
}

export function toSchedule(
  input: ScheduleInput,
  target: Target,
  base: Pick<Schedule, "region" | "arn" | "created">,
  now: number,
): Schedule {
  return {
    ...base,
    name: input.Name,
    group: input.GroupName ?? "default",
    expression: input.ScheduleExpression!,
    timezone: input.ScheduleExpressionTimezone ?? "UTC",
    description: input.Description,
    state: (input.State ?? "ENABLED") as Schedule["state"],
    flexible: input.FlexibleTimeWindow as Schedule["flexible"],
    target: {
      ...target,
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185, ...target.RetryPolicy },
    },
    start: input.StartDate?.getTime(),
    end: input.EndDate?.getTime(),
    kmsKeyArn: input.KmsKeyArn,
    afterCompletion: (input.ActionAfterCompletion ?? "NONE") as Schedule["afterCompletion"],
    modified: now,
    completed: false,
  };
}
