import { randomUUID } from "node:crypto";
import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, Stack, Store } from "../../service.ts";
import { Journal, type Segment } from "./journal.ts";

export interface Group {
  id: string;
  name: string;
  region: string;
  created: number;
  retentionDays: number | undefined;
  kmsKeyId: string | undefined;
  logGroupClass: string;
  tags: Record<string, string>;
}

export interface LogStream {
  name: string;
  created: number;
  first: number | undefined;
  last: number | undefined;
  ingested: number | undefined;
}

const DAY_MS = 86_400_000;

export class LogsState {
  readonly stack: Stack;
  readonly groups: Store<Group>;
  readonly #streams: Store<LogStream>;
  readonly #segments: Store<Segment>;
  readonly #journals = new Map<string, Journal>();
  /** Streams by group id and name. */
  readonly #byGroup = new Map<string, Map<string, LogStream>>();

  constructor(stack: Stack) {
    this.stack = stack;
    this.groups = stack.store<Group>("logs-groups");
    this.#streams = stack.store<LogStream>("logs-streams");
    this.#segments = stack.store<Segment>("logs-segments");
    for (const [key, stream] of this.#streams.entries())
      this.streams(key.slice(0, key.indexOf("/"))).set(stream.name, stream);
  }

  /** By name, or by ARN (with or without `:*`). */
  group(name: string | undefined, call: Call): Group {
    const group = this.groups.get(`${call.region}/${nameOf(name)}`);
    if (!group) throw notFound("The specified log group does not exist.");
    return group;
  }

  stream(group: Group, name: string | undefined): LogStream {
    const stream = this.streams(group.id).get(name ?? "");
    if (!stream) throw notFound("The specified log stream does not exist.");
    return stream;
  }

  streams(groupId: string): Map<string, LogStream> {
    let streams = this.#byGroup.get(groupId);
    if (!streams) {
      streams = new Map();
      this.#byGroup.set(groupId, streams);
    }
    return streams;
  }

  keepGroup(group: Group): void {
    this.groups.put(`${group.region}/${group.name}`, group);
  }

  keepStream(group: Group, stream: LogStream): void {
    this.#streams.put(`${group.id}/${stream.name}`, stream);
    this.streams(group.id).set(stream.name, stream);
  }

  dropStream(group: Group, stream: LogStream): void {
    this.#streams.delete(`${group.id}/${stream.name}`);
    this.streams(group.id).delete(stream.name);
  }

  dropGroup(group: Group): void {
    this.groups.delete(`${group.region}/${group.name}`);
    for (const stream of [...this.streams(group.id).values()]) this.dropStream(group, stream);
    this.journal(group).remove();
    this.#journals.delete(group.id);
  }

  /** The group's events, those past the retention dropped. */
  journal(group: Group): Journal {
    let journal = this.#journals.get(group.id);
    if (!journal) {
      journal = new Journal(this.stack, group.id, this.#segments);
      this.#journals.set(group.id, journal);
    }
    journal.expire(this.oldest(group));
    return journal;
  }

  /** Timestamp before which events of the group are gone. */
  oldest(group: Group): number {
    return group.retentionDays === undefined ? -Infinity : this.stack.now() - group.retentionDays * DAY_MS;
  }

  newGroup(name: string, call: Call): Group {
    return {
      id: randomUUID(),
      name,
      region: call.region,
      created: this.stack.now(),
      retentionDays: undefined,
      kmsKeyId: undefined,
      logGroupClass: "STANDARD",
      tags: {},
    };
  }

  arn(group: Group): string {
    return `arn:${partitionOf(group.region)}:logs:${group.region}:${this.stack.account}:log-group:${group.name}`;
  }

  close(): void {
    for (const journal of this.#journals.values()) journal.close();
  }
}

function nameOf(identifier: string | undefined): string {
  return /^arn:[^:]+:logs:[^:]*:\d+:log-group:([^:]+)/.exec(identifier ?? "")?.[1] ?? identifier ?? "";
}

function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message);
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}
