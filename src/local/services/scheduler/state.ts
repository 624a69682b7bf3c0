import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Stack, Store } from "../../service.ts";
import type { Tag } from "../../wire-values.ts";

export interface Target {
  Arn: string;
  RoleArn: string;
  Input?: string;
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  DeadLetterConfig?: { Arn?: string };
}

export interface Schedule {
  name: string;
  group: string;
  region: string;
  arn: string;
  expression: string;
  timezone: string;
  description: string | undefined;
  state: "ENABLED" | "DISABLED";
  flexible: { Mode: "OFF" | "FLEXIBLE"; MaximumWindowInMinutes?: number };
  target: Target;
  /** Milliseconds since the epoch. */
  start: number | undefined;
  end: number | undefined;
  kmsKeyArn: string | undefined;
  afterCompletion: "NONE" | "DELETE";
  created: number;
  modified: number;
  /** A one-time schedule that has fired. */
  completed: boolean;
}

export interface Group {
  name: string;
  region: string;
  arn: string;
  created: number;
  modified: number;
  tags: Tag[];
}

export class SchedulerState {
  readonly stack: Stack;
  readonly schedules: Store<Schedule>;
  readonly groups: Store<Group>;

  constructor(stack: Stack) {
    this.stack = stack;
    this.schedules = stack.store<Schedule>("schedules");
    this.groups = stack.store<Group>("schedule-groups");
  }

  schedule(region: string, group: string, name: string): Schedule {
    const schedule = this.schedules.get(keyOf({ region, group, name }));
    if (!schedule) throw notFound(`Schedule ${name} does not exist.`);
    return schedule;
  }

  /** The group `default` is there in every region. */
  group(region: string, name: string): Group {
    const group = this.groups.get(`${region}/${name}`);
    if (group) return group;
    if (name !== "default") throw notFound(`Schedule group ${name} does not exist.`);
    return { name, region, arn: this.groupArn(region, name), created: 0, modified: 0, tags: [] };
  }

  groupArn(region: string, name: string): string {
    return `arn:${partitionOf(region)}:scheduler:${region}:${this.stack.account}:schedule-group/${name}`;
  }

  keep(schedule: Schedule): void {
    this.schedules.put(keyOf(schedule), schedule);
  }

  drop(schedule: Schedule): void {
    this.schedules.delete(keyOf(schedule));
  }
}

export const keyOf = ({ region, group, name }: Pick<Schedule, "region" | "group" | "name">) =>
  `${region}/${group}/${name}`;

function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message, 404);
}

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function conflict(message: string): AwsError {
  return new AwsError("ConflictException", message, 409);
}
