import { partitionOf } from "../../../aws/partition.ts";
import type { Call, Operation, RpcService, Stack } from "../../service.ts";
import { integerOf, mergeTags, pageOf, type Tag, withoutTags } from "../../wire-values.ts";
import { Runner } from "./runner.ts";
import { conflict, type Group, invalid, type Schedule, SchedulerState } from "./state.ts";
import { checkName, checkSchedule, checkTarget, type ScheduleInput, toSchedule } from "./validation.ts";

/** EventBridge Scheduler: schedules with rate, cron and at expressions, for Lambda functions and SNS topics. */
export function scheduler(stack: Stack): RpcService {
  const state = new SchedulerState(stack);
  const runner = new Runner(state);
  return {
    kind: "rpc",
    signingNames: ["scheduler"],
    protocol: "rest-json",
    routes: {
      "POST /schedules/{Name}": "CreateSchedule",
      "GET /schedules/{Name}": "GetSchedule",
      "PUT /schedules/{Name}": "UpdateSchedule",
      "DELETE /schedules/{Name}": "DeleteSchedule",
      "GET /schedules": "ListSchedules",
      "POST /schedule-groups/{Name}": "CreateScheduleGroup",
      "GET /schedule-groups/{Name}": "GetScheduleGroup",
      "DELETE /schedule-groups/{Name}": "DeleteScheduleGroup",
      "GET /schedule-groups": "ListScheduleGroups",
      "GET /tags/{ResourceArn+}": "ListTagsForResource",
      "POST /tags/{ResourceArn+}": "TagResource",
      "DELETE /tags/{ResourceArn+}": "UntagResource",
    },
    timestamps: ["StartDate", "EndDate"],
    operations: { ...scheduleOperations(state), ...groupOperations(state) },
    started: () => runner.start(),
    close: async () => runner.stop(),
  };
}

interface ListInput {
  ScheduleGroup?: string;
  NamePrefix?: string;
  State?: string;
  MaxResults?: unknown;
  NextToken?: string;
}

function listPage<T>(items: T[], input: ListInput, key: (item: T) => string) {
  const size = integerOf(input.MaxResults, "maxResults", [1, 100], 100, "ValidationException");
  return pageOf(items, { key, size, token: input.NextToken, invalid: () => invalid("Invalid NextToken") });
}

function scheduleOperations(state: SchedulerState): Record<string, Operation> {
  const { stack } = state;
  const dates = (schedule: Schedule) => ({
    CreationDate: new Date(schedule.created),
    LastModificationDate: new Date(schedule.modified),
  });
  const date = (time: number | undefined) => (time === undefined ? undefined : new Date(time));
  /** `present` throws, before and after the role was looked up, if the schedule must not be written. */
  const write = async (input: ScheduleInput, call: Call, present: () => Schedule | undefined) => {
    present();
    const group = input.GroupName ?? "default";
    checkSchedule(input, stack.now());
    state.group(call.region, group);
    const target = await checkTarget(input.Target, stack, call.region);
    const arn = `arn:${partitionOf(call.region)}:scheduler:${call.region}:${stack.account}:schedule/${group}/${input.Name}`;
    const now = stack.now();
    state.keep(toSchedule(input, target, { region: call.region, arn, created: present()?.created ?? now }, now));
    return { ScheduleArn: arn };
  };
  return {
    CreateSchedule(input: ScheduleInput, call: Call) {
      checkName(input.Name, "name");
      return write(input, call, () => {
        if (state.schedules.get(`${call.region}/${input.GroupName ?? "default"}/${input.Name}`))
          throw conflict(`Schedule ${input.Name} already exists.`);
        return undefined;
      });
    },

    GetSchedule(input: { Name: string; groupName?: string; GroupName?: string }, call: Call) {
      const schedule = state.schedule(call.region, input.groupName ?? input.GroupName ?? "default", input.Name);
      return {
        Arn: schedule.arn,
        Name: schedule.name,
        GroupName: schedule.group,
        ScheduleExpression: schedule.expression,
        ScheduleExpressionTimezone: schedule.timezone,
        Description: schedule.description,
        State: schedule.state,
        FlexibleTimeWindow: schedule.flexible,
        Target: schedule.target,
        StartDate: date(schedule.start),
        EndDate: date(schedule.end),
        KmsKeyArn: schedule.kmsKeyArn,
        ActionAfterCompletion: schedule.afterCompletion,
        ...dates(schedule),
      };
    },

    /** Replaces the whole schedule: what isn't given takes its default. */
    UpdateSchedule(input: ScheduleInput, call: Call) {
      return write(input, call, () => state.schedule(call.region, input.GroupName ?? "default", input.Name));
    },

    DeleteSchedule(input: { Name: string; groupName?: string; GroupName?: string }, call: Call) {
      state.drop(state.schedule(call.region, input.groupName ?? input.GroupName ?? "default", input.Name));
      return {};
    },

    ListSchedules(input: ListInput, call: Call) {
      if (input.ScheduleGroup) state.group(call.region, input.ScheduleGroup);
      const wanted = [...state.schedules.entries()]
        .map(([, schedule]) => schedule)
        .filter((s) => s.region === call.region && (input.ScheduleGroup ?? s.group) === s.group)
        .filter((s) => s.name.startsWith(input.NamePrefix ?? "") && (input.State ?? s.state) === s.state);
      const page = listPage(wanted, input, (s) => `${s.group}/${s.name}`);
      const Schedules = page.items.map((s) => ({
        Arn: s.arn,
        Name: s.name,
        GroupName: s.group,
        State: s.state,
        Target: { Arn: s.target.Arn },
        ...dates(s),
      }));
      return { Schedules, NextToken: page.token };
    },
  };
}

function groupOperations(state: SchedulerState): Record<string, Operation> {
  const { stack } = state;
  const shape = (group: Group) => ({
    Arn: group.arn,
    Name: group.name,
    State: "ACTIVE",
    CreationDate: new Date(group.created),
    LastModificationDate: new Date(group.modified),
  });
  const named = (arn: string, call: Call) => {
    const match = /^arn:aws[\w-]*:scheduler:[^:]+:\d{12}:schedule-group\/([\w.-]+)$/.exec(arn);
    if (!match) throw invalid(`Invalid ResourceArn ${arn}: only schedule groups have tags`);
    return state.group(call.region, match[1]!);
  };
  const keep = (group: Group) => state.groups.put(`${group.region}/${group.name}`, group);
  return {
    CreateScheduleGroup(input: { Name: string; Tags?: Tag[] }, call: Call) {
      checkName(input.Name, "name");
      if (input.Name === "default" || state.groups.get(`${call.region}/${input.Name}`))
        throw conflict(`Schedule group ${input.Name} already exists.`);
      const now = stack.now();
      const arn = state.groupArn(call.region, input.Name);
      keep({
        name: input.Name,
        region: call.region,
        arn,
        created: now,
        modified: now,
        tags: mergeTags([], input.Tags),
      });
      return { ScheduleGroupArn: arn };
    },
    GetScheduleGroup: (input: { Name: string }, call: Call) => shape(state.group(call.region, input.Name)),
    DeleteScheduleGroup(input: { Name: string }, call: Call) {
      if (input.Name === "default") throw invalid("The default schedule group cannot be deleted.");
      const group = state.group(call.region, input.Name);
      for (const [, schedule] of [...state.schedules.entries()])
        if (schedule.region === group.region && schedule.group === group.name) state.drop(schedule);
      state.groups.delete(`${group.region}/${group.name}`);
      return {};
    },
    ListScheduleGroups(input: ListInput, call: Call) {
      const own = [...state.groups.entries()]
        .map(([, group]) => group)
        .filter((g) => g.region === call.region && g.name !== "default");
      const all = [state.group(call.region, "default"), ...own].filter((g) =>
        g.name.startsWith(input.NamePrefix ?? ""),
      );
      const page = listPage(all, input, (g) => g.name);
      return { ScheduleGroups: page.items.map(shape), NextToken: page.token };
    },
    ListTagsForResource: (input: { ResourceArn: string }, call: Call) => ({
      Tags: named(input.ResourceArn, call).tags,
    }),
    TagResource(input: { ResourceArn: string; Tags?: Tag[] }, call: Call) {
      const group = named(input.ResourceArn, call);
      keep({ ...group, tags: mergeTags(group.tags, input.Tags) });
      return {};
    },
    UntagResource(input: { ResourceArn: string; TagKeys?: string | string[] }, call: Call) {
      const group = named(input.ResourceArn, call);
      keep({ ...group, tags: withoutTags(group.tags, [input.TagKeys ?? []].flat()) });
      return {};
    },
  };
}
