import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { integerOf, pageOf } from "../../wire-values.ts";
import { type Group, invalid, type LogStream, type LogsState } from "./state.ts";

const RETENTION = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const exists = (what: string) => new AwsError("ResourceAlreadyExistsException", `The specified ${what} already exists`);
const badToken = () => invalid("The specified nextToken is invalid.");

function limitOf(value: unknown, most: number): number {
  return integerOf(value, "limit", [1, most], most, "InvalidParameterException");
}

export function groupOperations(state: LogsState): Record<string, Operation> {
  const shape = (group: Group) => ({
    logGroupName: group.name,
    creationTime: group.created,
    retentionInDays: group.retentionDays,
    metricFilterCount: 0,
    arn: `${state.arn(group)}:*`,
    logGroupArn: state.arn(group),
    storedBytes: state.journal(group).bytes,
    kmsKeyId: group.kmsKeyId,
    logGroupClass: group.logGroupClass,
  });
  const change = (group: Group, changed: Partial<Group>) => {
    state.keepGroup({ ...group, ...changed });
    return {};
  };
  const tag = (group: Group, tags: Record<string, string> = {}) => change(group, { tags: { ...group.tags, ...tags } });
  const untag = (group: Group, keys: string[] = []) =>
    change(group, { tags: Object.fromEntries(Object.entries(group.tags).filter(([key]) => !keys.includes(key))) });

  return {
    CreateLogGroup(
      input: { logGroupName?: string; kmsKeyId?: string; tags?: Record<string, string>; logGroupClass?: string },
      call: Call,
    ) {
      const { logGroupName: name = "", kmsKeyId, tags = {}, logGroupClass = "STANDARD" } = input;
      if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name))
        throw invalid(
          `1 validation error detected: Value '${name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
        );
      if (state.groups.get(`${call.region}/${name}`)) throw exists("log group");
      state.keepGroup({ ...state.newGroup(name, call), kmsKeyId, tags, logGroupClass });
      return {};
    },

    DeleteLogGroup(input: { logGroupName?: string }, call: Call) {
      state.dropGroup(state.group(input.logGroupName, call));
      return {};
    },

    DescribeLogGroups(
      input: { logGroupNamePrefix?: string; logGroupNamePattern?: string; limit?: number; nextToken?: string },
      call: Call,
    ) {
      const { logGroupNamePrefix: prefix = "", logGroupNamePattern: pattern = "" } = input;
      if (prefix && pattern)
        throw invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
      const wanted = [...state.groups.entries()]
        .map(([, group]) => group)
        .filter(
          (g) =>
            g.region === call.region &&
            g.name.startsWith(prefix) &&
            g.name.toLowerCase().includes(pattern.toLowerCase()),
        );
      const page = pageOf(wanted, {
        key: (g) => g.name,
        size: limitOf(input.limit, 50),
        token: input.nextToken,
        invalid: badToken,
      });
      return { logGroups: page.items.map(shape), nextToken: page.token };
    },

    PutRetentionPolicy(input: { logGroupName?: string; retentionInDays?: number }, call: Call) {
      const group = state.group(input.logGroupName, call);
      if (!RETENTION.includes(Number(input.retentionInDays)))
        throw invalid(
          `1 validation error detected: Value '${input.retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION.join(", ")}]`,
        );
      return change(group, { retentionDays: Number(input.retentionInDays) });
    },

    DeleteRetentionPolicy(input: { logGroupName?: string }, call: Call) {
      return change(state.group(input.logGroupName, call), { retentionDays: undefined });
    },

    AssociateKmsKey(input: { logGroupName?: string; kmsKeyId?: string }, call: Call) {
      return change(state.group(input.logGroupName, call), { kmsKeyId: input.kmsKeyId });
    },

    DisassociateKmsKey(input: { logGroupName?: string }, call: Call) {
      return change(state.group(input.logGroupName, call), { kmsKeyId: undefined });
    },

    TagResource: (input: { resourceArn?: string; tags?: Record<string, string> }, call: Call) =>
      tag(state.group(input.resourceArn, call), input.tags),
    UntagResource: (input: { resourceArn?: string; tagKeys?: string[] }, call: Call) =>
      untag(state.group(input.resourceArn, call), input.tagKeys),
    ListTagsForResource: (input: { resourceArn?: string }, call: Call) => ({
      tags: state.group(input.resourceArn, call).tags,
    }),
    TagLogGroup: (input: { logGroupName?: string; tags?: Record<string, string> }, call: Call) =>
      tag(state.group(input.logGroupName, call), input.tags),
    UntagLogGroup: (input: { logGroupName?: string; tags?: string[] }, call: Call) =>
      untag(state.group(input.logGroupName, call), input.tags),
    ListTagsLogGroup: (input: { logGroupName?: string }, call: Call) => ({
      tags: state.group(input.logGroupName, call).tags,
    }),

    CreateLogStream(input: { logGroupName?: string; logStreamName?: string }, call: Call) {
      const group = state.group(input.logGroupName, call);
      const name = input.logStreamName ?? "";
      if (!/^[^:*]{1,512}$/.test(name))
        throw invalid(
          `1 validation error detected: Value '${name}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`,
        );
      if (state.streams(group.id).has(name)) throw exists("log stream");
      state.keepStream(group, {
        name,
        created: state.stack.now(),
        first: undefined,
        last: undefined,
        ingested: undefined,
      });
      return {};
    },

    DeleteLogStream(input: { logGroupName?: string; logStreamName?: string }, call: Call) {
      const group = state.group(input.logGroupName, call);
      state.dropStream(group, state.stream(group, input.logStreamName));
      return {};
    },

    DescribeLogStreams(
      input: {
        logGroupName?: string;
        logGroupIdentifier?: string;
        logStreamNamePrefix?: string;
        orderBy?: string;
        descending?: boolean;
        limit?: number;
        nextToken?: string;
      },
      call: Call,
    ) {
      const group = state.group(input.logGroupName ?? input.logGroupIdentifier, call);
      const byTime = input.orderBy === "LastEventTime";
      if (byTime && input.logStreamNamePrefix)
        throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
      const streams = [...state.streams(group.id).values()].filter((s) =>
        s.name.startsWith(input.logStreamNamePrefix ?? ""),
      );
      const order = (s: LogStream) => (byTime ? `${String(s.last ?? 0).padStart(16, "0")}/${s.name}` : s.name);
      const sorted = streams.sort((a, b) => (order(a) < order(b) ? -1 : 1));
      if (input.descending) sorted.reverse();
      const rank = new Map(sorted.map((s, i) => [s, String(i).padStart(9, "0")]));
      const page = pageOf(sorted, {
        key: (s) => rank.get(s)!,
        size: limitOf(input.limit, 50),
        token: input.nextToken,
        invalid: badToken,
      });
      const logStreams = page.items.map((s) => ({
        logStreamName: s.name,
        creationTime: s.created,
        firstEventTimestamp: s.first,
        lastEventTimestamp: s.last,
        lastIngestionTime: s.ingested,
        uploadSequenceToken: "0",
        arn: `${state.arn(group)}:log-stream:${s.name}`,
        storedBytes: 0,
      }));
      return { logStreams, nextToken: page.token };
    },
  };
}
