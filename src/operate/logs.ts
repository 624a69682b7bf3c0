import { isAbsent, isTransient } from "../aws/failures.ts";
import { type CloudWatchLogsClient, FilterLogEventsCommand } from "../aws/logs.ts";
import type { Edge } from "../io/clock.ts";
import { usageError, WindopsError } from "../io/errors/errors.ts";
import { identities } from "../pipeline/settings/identities.ts";
import type { Session } from "../pipeline/settings/session.ts";

/** A line that a part of the pipeline logged. */
export interface LogLine {
  /** The part's name: `flink`, or the function's. */
  part: string;
  /** ISO 8601. */
  timestamp: string;
  message: string;
  /** The log stream that it is in. */
  stream: string;
}

export interface LogOptions extends Edge {
  logs: CloudWatchLogsClient;
  parts: LogPart[];
  /** Milliseconds since the epoch. */
  since: number;
  /** As CloudWatch Logs has them. */
  filter?: string;
  /** Goes on until `signal` is aborted. */
  follow: boolean;
  signal: AbortSignal;
  wallClock(): number;
  /** Milliseconds between two looks. */
  poll: number;
}

export interface LogPart {
  name: string;
  group: string;
}

/** Lines become visible up to so long after others that are newer. */
const OVERLAP_MS = 60_000;
const MOST_SEEN = 20_000;

/** The parts that log, or the one called `wanted`: flink, or a function by its own or the contract's name. */
export function logParts({ names, settings, target }: Session, wanted?: string): LogPart[] {
  const { logGroups } = identities({ names, settings, target });
  const parts = [
    { name: "flink", group: logGroups.flink, also: [names.application, "AnomalyDetection"] },
    { name: names.destinationFunction, group: logGroups.destination, also: ["AnalyticsDestinationFunction"] },
    { name: names.deliveryFunction, group: logGroups.delivery, also: ["AnomalyMessageDeliveryFunction"] },
  ];
  if (wanted === undefined) return parts;
  const part = parts.find(({ name, also }) => name === wanted || also.includes(wanted));
  if (part) return [part];
  throw usageError(`Nothing of the pipeline is called "${wanted}".`, `It has ${parts.map((p) => p.name).join(", ")}.`);
}

/**
 * Lines of all parts in the order of their time, each once: every look begins a while before the newest line seen, and leaves out
 * what it has shown. Throws `WindopsError` where none of the parts has a log.
 */
export async function* logLines(options: LogOptions): AsyncGenerator<LogLine, void> {
  const { follow, signal, parts } = options;
  const seen = new Map<string, number>();
  let from = options.since;
  let newest = 0;
  for (let first = true; !signal.aborted; first = false) {
    const began = options.wallClock();
    const found = parts.map((part) => ({ part, there: true }));
    const passes = found.map((entry) =>
      events(options, entry.part, from, () => {
        entry.there = false;
      }),
    );
    for await (const { id, time, line } of merged(passes)) {
      if (signal.aborted) return;
      if (seen.has(id)) continue;
      seen.set(id, time);
      newest = Math.max(newest, time);
      if (seen.size > MOST_SEEN) forget(seen, newest - OVERLAP_MS);
      yield line;
    }
    if (first && found.every(({ there }) => !there)) throw noLogs(parts);
    if (!follow) return;
    // Whichever clock is behind: this machine's, or the service's.
    from = Math.max(options.since, Math.min(newest, began) - OVERLAP_MS);
    forget(seen, from);
    await options.sleep(options.poll);
  }
}

function forget(seen: Map<string, number>, before: number): void {
  for (const [id, time] of seen) if (time < before) seen.delete(id);
}

interface Found {
  id: string;
  time: number;
  line: LogLine;
}

/** A part's lines from a time on, page by page: an empty page isn't the end. */
async function* events(
  options: LogOptions,
  { name, group }: LogPart,
  startTime: number,
  absent: () => void,
): AsyncGenerator<Found, void> {
  const { logs, filter, signal, follow } = options;
  let nextToken: string | undefined;
  for (let failures = 0; !signal.aborted; ) {
    try {
      const page = await logs.send(
        new FilterLogEventsCommand({
          logGroupName: group,
          startTime,
          ...(filter !== undefined && { filterPattern: filter }),
          ...(nextToken !== undefined && { nextToken }),
        }),
        { abortSignal: signal },
      );
      failures = 0;
      for (const { eventId = "", timestamp = 0, message = "", logStreamName: stream = "" } of page.events ?? []) {
        const line = { part: name, timestamp: new Date(timestamp).toISOString(), message: message.trimEnd(), stream };
        yield { id: `${group} ${eventId}`, time: timestamp, line };
      }
      nextToken = page.nextToken;
      if (nextToken === undefined) return;
    } catch (error) {
      if (signal.aborted) return;
      if (isAbsent(error)) return absent();
      // What follows for days outlives a throttle or a broken line.
      if (!follow || !isTransient(error) || ++failures > 10) throw error;
      await options.sleep(Math.min(30_000, 500 * 2 ** failures));
    }
  }
}

/** Ordered iterators as one in the order of time. */
async function* merged(sources: AsyncGenerator<Found, void>[]): AsyncGenerator<Found, void> {
  const heads = await Promise.all(sources.map((source) => source.next()));
  for (;;) {
    let first = -1;
    for (const [i, head] of heads.entries()) {
      if (head.done) continue;
      if (first < 0 || head.value.time < (heads[first]!.value as Found).time) first = i;
    }
    if (first < 0) return;
    yield heads[first]!.value as Found;
    heads[first] = await sources[first]!.next();
  }
}

function noLogs(parts: LogPart[]): WindopsError {
  const groups = parts.map(({ group }) => group).join(", ");
  return new WindopsError("E_STEP_MISSING", `There is no log yet: ${groups}.`, { hint: "Run `windops setup`." });
}
