import { orAbsent } from "../../aws/failures.ts";
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UpdateScheduleCommand,
} from "../../aws/scheduler.ts";
import { compare, type Pipeline, type Resource } from "../resource.ts";
import { SCHEDULED_INPUT } from "../settings/functions.ts";
import { identities, ids } from "../settings/identities.ts";
import { fromList, type Tags, tagChanges, toList } from "../settings/tags.ts";

/** A group of its own, because schedules have no tags. */
export function scheduleGroup(pipeline: Pipeline): Resource<{ tags: Tags; status: string }> {
  const { clients, tags: wanted } = pipeline;
  const { scheduleGroup: Name, arns } = identities(pipeline);
  const ResourceArn = arns.scheduleGroup;
  return {
    id: ids.scheduleGroup,
    type: "Schedule group",
    name: Name,
    step: "attach-triggers",
    needs: [],
    async read() {
      const scheduler = await clients.scheduler();
      const [group, tags] = await Promise.all([
        orAbsent(scheduler.send(new GetScheduleGroupCommand({ Name }))),
        orAbsent(scheduler.send(new ListTagsForResourceCommand({ ResourceArn }))),
      ]);
      return group && { tags: fromList(tags?.Tags), status: group.State ?? "" };
    },
    pending: ({ status }) => (status === "DELETING" ? status : undefined),
    tags: (state) => state.tags,
    diff: (state) => tagChanges(state.tags, wanted),
    async create() {
      const scheduler = await clients.scheduler();
      await scheduler.send(new CreateScheduleGroupCommand({ Name, Tags: toList(wanted) }));
    },
    async update() {
      const scheduler = await clients.scheduler();
      await scheduler.send(new TagResourceCommand({ ResourceArn, Tags: toList(wanted) }));
    },
    async remove({ status }) {
      if (status === "DELETING") return;
      const scheduler = await clients.scheduler();
      await scheduler.send(new DeleteScheduleGroupCommand({ Name }));
    },
  };
}

/** Runs the delivery every minute: what a lost call left waiting is delivered then. */
export function schedule(pipeline: Pipeline): Resource<Record<string, unknown>> {
  const { clients } = pipeline;
  const { scheduleGroup: GroupName, schedule: Name, roles, arns } = identities(pipeline);
  const wanted = {
    ScheduleExpression: "rate(1 minute)",
    State: "ENABLED",
    FlexibleTimeWindow: { Mode: "OFF" },
    Target: {
      Arn: arns.deliveryFunction,
      RoleArn: arns.role(roles.schedule),
      Input: JSON.stringify(SCHEDULED_INPUT),
      // The next minute's run does the same work: an old one isn't worth repeating.
      RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
    },
  } as const;
  return {
    id: ids.schedule,
    type: "Schedule",
    name: `${GroupName}/${Name}`,
    step: "attach-triggers",
    needs: [ids.scheduleGroup, ids.deliveryFunction, ids.role("schedule"), ids.table, ids.alertTable, ids.topic],
    partOf: ids.scheduleGroup,
    async read() {
      const scheduler = await clients.scheduler();
      const found = await orAbsent(scheduler.send(new GetScheduleCommand({ GroupName, Name })));
      if (!found) return undefined;
      const { Arn, RoleArn, Input, RetryPolicy } = found.Target ?? {};
      const { ScheduleExpression, State, FlexibleTimeWindow } = found;
      return { ScheduleExpression, State, FlexibleTimeWindow, Target: { Arn, RoleArn, Input, RetryPolicy } };
    },
    diff: (state) => Object.entries(wanted).flatMap(([key, value]) => compare(key, state[key], value)),
    async create() {
      const scheduler = await clients.scheduler();
      await scheduler.send(new CreateScheduleCommand({ GroupName, Name, ...wanted }));
    },
    async update() {
      const scheduler = await clients.scheduler();
      await scheduler.send(new UpdateScheduleCommand({ GroupName, Name, ...wanted }));
    },
    // "The execution role you provide must allow AWS EventBridge Scheduler to assume the role": a role just made.
    passes: (error) => /must allow .* to assume the role|Schedule group .* does not exist/i.test(error.message),
  };
}
