import type { Clients } from "../aws/clients.ts";
import type { Names, Settings } from "./settings/config.ts";
import type { Target } from "./settings/session.ts";
import { type Tags, wantedTags } from "./settings/tags.ts";

/** The steps of `setup`, in the order of `windops --help`; each is also a command of its own. */
export const steps = [
  "upload-jar",
  "create-streams",
  "create-table",
  "create-topic",
  "deploy-functions",
  "configure-flink",
  "attach-triggers",
  "subscribe",
  "start",
] as const;
export type Step = (typeof steps)[number];

/** A property that isn't as wanted. Texts are for people; `from` is left out for what isn't there yet. */
export interface Change {
  property: string;
  from?: string;
  to: string;
  /** The service can't change it in place: the user has to decide. */
  immutable?: boolean;
}

/** What resources know of the others. */
export interface World {
  /** The state as last read. */
  get(id: string): unknown;
  /** It is about to be created or changed: its state will be another. */
  changing(id: string): boolean;
}

/**
 * A part of the pipeline that can be read, compared, brought to what is wanted and removed. Every call may be
 * interrupted or repeated: what counts is always what `read` says next.
 */
export interface Resource<State = any> {
  /** Unique within the pipeline, e.g. `stream/WindDataStream`. */
  id: string;
  /** For people, e.g. "Kinesis stream". */
  type: string;
  name: string;
  /** Of `setup`, or the command that makes it. */
  step: Step | "simulator";
  /** Ids of resources that have to be there first; removal goes the other way. */
  needs: string[];
  /** Id of the resource that this is a part of: its owner is that one's, and without `remove` it goes with it. */
  partOf?: string;
  /** Kept by `destroy --keep-data`. */
  holdsData?: boolean;
  /** Milliseconds until the real service must have got there (default 5 minutes). */
  deadline?: number;
  /** The state as the service has it; undefined where there is none. */
  read(): Promise<State | undefined>;
  /** A state that ends by itself, e.g. "CREATING": waited for. */
  pending?(state: State): string | undefined;
  /** Its tags; undefined for a part of another resource. */
  tags?(state: State): Tags;
  diff(state: State, world: World): Change[];
  /** Throws a `WindopsError` where what is to be done can't be: asked before anything is done. */
  check?(state: State | undefined): void;
  create(world: World): Promise<void>;
  /** Only for resources whose `diff` can find something. */
  update?(state: State, changes: Change[], world: World): Promise<void>;
  /** It was created or changed and is settled: what is to be tidied up then. */
  afterwards?(state: State): Promise<void>;
  remove?(state: State): Promise<void>;
  /** Errors that mean "not yet": a role that isn't known everywhere, a conflict that passes. */
  passes?(error: Error): boolean;
  /** Something that a person should know though nothing differs, e.g. an unconfirmed subscription. */
  note?(state: State): string | undefined;
  /** What isn't as it should be though nothing differs, e.g. a function whose last update failed. */
  unhealthy?(state: State): string | undefined;
}

/** What the resources are made from. */
export interface Pipeline {
  target: Target;
  settings: Settings;
  names: Names;
  clients: Clients;
  tags: Tags;
}

export function pipelineOf(session: Omit<Pipeline, "tags">): Pipeline {
  return { ...session, tags: wantedTags(session.names.pipeline) };
}

/** `diff` for one property: nothing where both are the same as JSON. */
export function compare(property: string, from: unknown, to: unknown, immutable = false): Change[] {
  const [a, b] = [text(from), text(to)];
  if (a === b) return [];
  return [{ property, ...(from !== undefined && { from: a }), to: b, ...(immutable && { immutable }) }];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "none" : JSON.stringify(sorted(value));
}

/** `value` with the keys of its objects in order, so that equal documents have equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}

export function changed(changes: Change[], ...properties: string[]): boolean {
  return changes.some((change) => properties.includes(change.property));
}

export function tagsOnly(changes: Change[]): boolean {
  return changes.every((change) => change.property.startsWith("tag "));
}
