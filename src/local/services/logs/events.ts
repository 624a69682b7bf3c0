import type { Call, Operation } from "../../service.ts";
import { integerOf } from "../../wire-values.ts";
import { parseFilterPattern } from "./filter-pattern.ts";
import type { LogEvent } from "./journal.ts";
import { type Group, invalid, type LogsState } from "./state.ts";

const MAX_EVENTS = 10_000;
const MAX_BATCH_BYTES = 1_048_576;
/** What CloudWatch Logs adds for each event when it counts a batch's size. */
const EVENT_OVERHEAD = 26;
const MAX_PAGE_BYTES = 1_048_576;
const HOUR_MS = 3_600_000;

interface PutInput {
  logGroupName?: string;
  logStreamName?: string;
  logEvents?: { timestamp: number; message: string }[];
}

interface ReadInput {
  logGroupName?: string;
  logGroupIdentifier?: string;
  logStreamName?: string;
  logStreamNames?: string[];
  logStreamNamePrefix?: string;
  startTime?: number;
  endTime?: number;
  filterPattern?: string;
  startFromHead?: boolean;
  limit?: number;
  nextToken?: string;
}

function checkBatch(events: PutInput["logEvents"] = []): void {
  if (events.length === 0 || events.length > MAX_EVENTS)
    throw invalid(
      `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and ${MAX_EVENTS}`,
    );
  let bytes = 0;
  let last = -Infinity;
  for (const { timestamp, message } of events) {
    if (typeof message !== "string" || message === "" || !Number.isSafeInteger(timestamp) || timestamp < 0)
      throw invalid("Each log event needs a timestamp and a message of at least one character");
    if (timestamp < last) throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
    last = timestamp;
    bytes += Buffer.byteLength(message) + EVENT_OVERHEAD;
  }
  if (bytes > MAX_BATCH_BYTES) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${MAX_BATCH_BYTES}`);
  if (last - events[0]!.timestamp > 24 * HOUR_MS)
    throw invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
}

export function eventOperations(state: LogsState): Record<string, Operation> {
  return {
    PutLogEvents(input: PutInput, call: Call) {
      const group = state.group(input.logGroupName, call);
      const stream = state.stream(group, input.logStreamName);
      checkBatch(input.logEvents);
      const events = input.logEvents!;
      const now = state.stack.now();
      const oldest = Math.max(now - 14 * 24 * HOUR_MS, state.oldest(group));
      const newest = now + 2 * HOUR_MS;
      const kept = events.filter((e) => e.timestamp >= oldest && e.timestamp <= newest);
      if (kept.length > 0) {
        state.journal(group).append(stream.name, kept);
        const times = kept.map((e) => e.timestamp);
        state.keepStream(group, {
          ...stream,
          first: Math.min(stream.first ?? Infinity, times[0]!),
          last: Math.max(stream.last ?? 0, times[times.length - 1]!),
          ingested: now,
        });
      }
      if (kept.length === events.length) return { nextSequenceToken: "0" };
      const tooOld = events.filter((e) => e.timestamp < oldest).length;
      const tooNew = events.findIndex((e) => e.timestamp > newest);
      return {
        nextSequenceToken: "0",
        rejectedLogEventsInfo: {
          tooOldLogEventEndIndex: tooOld > 0 ? tooOld : undefined,
          tooNewLogEventStartIndex: tooNew >= 0 ? tooNew : undefined,
        },
      };
    },

    async FilterLogEvents(input: ReadInput, call: Call) {
      const group = state.group(input.logGroupName ?? input.logGroupIdentifier, call);
      if (input.logStreamNames && input.logStreamNamePrefix)
        throw invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.");
      const matches = parseFilterPattern(input.filterPattern);
      const names = input.logStreamNames && new Set(input.logStreamNames);
      const ofStream = (name: string) => (names ? names.has(name) : name.startsWith(input.logStreamNamePrefix ?? ""));
      const after = readToken("p", input.nextToken);
      const found = await inTime(
        state,
        group,
        Math.max(input.startTime ?? 0, timeOf(after) ?? 0),
        input.endTime ?? Infinity,
        (event) => ofStream(event.stream) && matches(event.message),
      );
      const rest = after === undefined ? found : found.filter((event) => position(event) > after);
      const page = firstPage(
        rest,
        integerOf(input.limit, "limit", [1, MAX_EVENTS], MAX_EVENTS, "InvalidParameterException"),
      );
      const more = rest.length > page.length;
      return {
        events: page.map((event) => ({
          logStreamName: event.stream,
          ...shape(event),
          eventId: event.id.padStart(56, "0"),
        })),
        searchedLogStreams: [],
        nextToken: more ? `p/${position(page[page.length - 1]!)}` : undefined,
      };
    },

    async GetLogEvents(input: ReadInput, call: Call) {
      const group = state.group(input.logGroupName ?? input.logGroupIdentifier, call);
      const { name } = state.stream(group, input.logStreamName);
      const limit = integerOf(input.limit, "limit", [1, MAX_EVENTS], MAX_EVENTS, "InvalidParameterException");
      const to = input.endTime === undefined ? Infinity : input.endTime - 1;
      const events = await inTime(state, group, input.startTime, to, (event) => event.stream === name);
      const forward = readToken("f", input.nextToken);
      const backward = readToken("b", input.nextToken);
      if (input.nextToken !== undefined && forward === undefined && backward === undefined)
        throw invalid("The specified nextToken is invalid.");
      const fromHead = forward !== undefined || (backward === undefined && input.startFromHead === true);
      const rest = events.filter(
        (e) => (forward === undefined || position(e) > forward) && (backward === undefined || position(e) < backward),
      );
      const page = fromHead ? firstPage(rest, limit) : firstPage(rest.reverse(), limit).reverse();
      // At an end the token stays as it was: that is how clients see that there is no more.
      const edge = forward ?? backward ?? (fromHead ? "" : "~");
      return {
        events: page.map(shape),
        nextForwardToken: `f/${page.length > 0 ? position(page[page.length - 1]!) : edge}`,
        nextBackwardToken: `b/${page.length > 0 ? position(page[0]!) : edge}`,
      };
    },
  };
}

/** Events of a group by timestamp, then arrival. */
async function inTime(
  state: LogsState,
  group: Group,
  from: number | undefined,
  to: number,
  wanted: (event: LogEvent) => boolean,
): Promise<LogEvent[]> {
  const streams = state.streams(group.id);
  // A stream that was deleted and made again doesn't have the events of the one before.
  const alive = (event: LogEvent) => event.ingested >= (streams.get(event.stream)?.created ?? Infinity);
  const oldest = Math.max(from ?? 0, state.oldest(group));
  const events = await state.journal(group).read(oldest, to, (event) => alive(event) && wanted(event));
  return events.sort((a, b) => a.timestamp - b.timestamp || (a.id < b.id ? -1 : 1));
}

function firstPage(events: LogEvent[], limit: number): LogEvent[] {
  let bytes = 0;
  let count = 0;
  for (const event of events) {
    bytes += Buffer.byteLength(event.message) + EVENT_OVERHEAD;
    if (count >= limit || (count > 0 && bytes > MAX_PAGE_BYTES)) break;
    count++;
  }
  return events.slice(0, count);
}

const shape = (event: LogEvent) => ({
  timestamp: event.timestamp,
  ingestionTime: event.ingested,
  message: event.message,
});

const position = (event: LogEvent) => `${String(event.timestamp).padStart(16, "0")}-${event.id}`;

const timeOf = (place: string | undefined) => (place ? Number(place.slice(0, 16)) : undefined);

function readToken(kind: string, token: string | undefined): string | undefined {
  return token?.startsWith(`${kind}/`) ? token.slice(2) : undefined;
}
