import type { Reading } from "../../contract/reading.ts";
import type { Edge } from "../../io/clock.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import { produce } from "../../simulate/producer/producer.ts";
import { noteProof, removeLeftovers, removeProof } from "./leftovers.ts";
import { mailTime, scoredBy, storedAt, toldTimes } from "./trace.ts";
import { proofReadings } from "./turbine.ts";

/** In the order of the way. */
export type Hop = "acknowledged" | "scored" | "stored" | "claimed" | "published" | "inbox";

export interface Proof {
  ok: boolean;
  turbineId: string;
  /** Event time of the injected anomaly. */
  timestamp: string;
  /** Milliseconds from the acknowledgement to each hop that was reached; the inbox only on the embedded stack. */
  hops: { hop: Hop; ms: number }[];
  score?: number;
  /** The hop that wasn't reached, where to look, and what was found wrong there. */
  failed?: { hop: Hop; look: string; found?: string[] };
  /** Readings that stay in the streams until those let go of them; rows and alert items are removed. */
  left: { readings: number; hours: number };
}

export interface ProveOptions extends Edge {
  signal: AbortSignal;
  wallClock(): number;
  /** Milliseconds for the whole way. */
  timeout: number;
  /** Names this proof's turbine. */
  id: string;
  onHop?(hop: Hop, milliseconds: number): void;
}

const LOOK: Record<Hop, string> = {
  acknowledged: "Is the stream there and has it room? windops status",
  scored: "Does the application run? windops status, windops logs flink",
  stored: "Do the trigger and the function work? windops logs AnalyticsDestinationFunction; quarantine/ in the bucket",
  claimed: "Does the destination call the delivery? windops logs AnalyticsDestinationFunction",
  published: "Does the delivery reach the topic? windops logs AnomalyMessageDeliveryFunction",
  inbox: "Has somebody subscribed and confirmed? windops subscribe EMAIL, windops local inbox",
};

/**
 * Sends ordinary wind and one spike of a turbine that exists for this proof only, follows the spike through every hop and
 * removes its rows and alert items, and those that failed or killed proofs before it left. The real turbines' forests never
 * see it; subscribers get its notification. Throws what stands in the way before the first hop.
 */
export async function prove(session: Session, options: ProveOptions): Promise<Proof> {
  const { settings } = session;
  const turbineId = `windops-prove-${options.id}`;
  const readings = proofReadings(turbineId, options.wallClock());
  const timestamp = readings.at(-1)!.timestamp;
  const left = { readings: readings.length, hours: settings.retentionHours };
  const proof: Proof = { ok: false, turbineId, timestamp, hops: [], left };
  await removeLeftovers(session, options, options.wallClock());
  await noteProof(session, turbineId, options, options.wallClock());
  try {
    await follow(session, options, proof, readings);
  } finally {
    await removeProof(session, turbineId, options, proof.ok);
  }
  return proof;
}

async function follow(session: Session, options: ProveOptions, proof: Proof, readings: Reading[]): Promise<void> {
  const { signal } = options;
  const began = options.wallClock();
  const fail = (hop: Hop, ...found: string[]) => {
    proof.failed = { hop, look: LOOK[hop], ...(found.length > 0 && { found }) };
  };
  try {
    await send(session, options, readings);
  } catch (error) {
    signal.throwIfAborted();
    return fail("acknowledged", (error as Error).message);
  }
  const origin = options.wallClock();
  const reach = (hop: Hop, at: number) => {
    const ms = Math.max(0, at - origin);
    proof.hops.push({ hop, ms });
    options.onHop?.(hop, ms);
  };
  reach("acknowledged", origin);
  const deadline = options.now() + options.timeout;
  const scored = await within(deadline, options, (stop) => scoredBy(session, options, stop, proof, began));
  signal.throwIfAborted();
  if (scored === undefined) return fail("scored");
  proof.score = scored.score;
  if (scored.score < session.settings.minScore) {
    return fail("scored", `its score is ${scored.score.toFixed(2)}, below ${session.settings.minScore}`);
  }
  reach("scored", scored.arrival);
  const looks: [Hop, () => Promise<number | undefined>][] = [
    ["stored", () => storedAt(session, proof, options)],
    ["claimed", async () => (await toldTimes(session, proof))?.opened],
    ["published", async () => (await toldTimes(session, proof))?.told],
  ];
  const local = session.target.kind === "local";
  if (local) looks.push(["inbox", () => mailTime(session, proof)]);
  for (const [hop, look] of looks) {
    let at = await look();
    while (at === undefined && options.now() < deadline && !signal.aborted) {
      await options.sleep(local ? 25 : 250);
      at = await look();
    }
    signal.throwIfAborted();
    if (at === undefined) return fail(hop);
    reach(hop, at);
  }
  // Seen by asking again and again; it was there before the delivery had anything to claim.
  const [stored, claimed] = ["stored", "claimed"].map((name) => proof.hops.find(({ hop }) => hop === name)!);
  stored!.ms = Math.min(stored!.ms, claimed!.ms);
  proof.ok = true;
}

/**
 * The warm-up in one go, where a busy stream may refuse some and take them later; the spike only when all of that is
 * there, so that it's the last whatever happened.
 */
async function send(session: Session, options: ProveOptions, readings: Reading[]): Promise<void> {
  const to = {
    ...options,
    kinesis: await session.clients.kinesis(),
    stream: session.names.inputStream,
    rate: Infinity,
  };
  for (const part of [readings.slice(0, -1), readings.slice(-1)]) {
    await produce(part, to);
    options.signal.throwIfAborted();
  }
}

/** What `work` resolves to, undefined when the deadline comes first; `work` is told to stop then, and by Ctrl-C. */
async function within<T>(
  deadline: number,
  { now, sleep, signal }: ProveOptions,
  work: (stop: AbortSignal) => Promise<T | undefined>,
): Promise<T | undefined> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const late = sleep(deadline - now()).then(() => undefined);
  try {
    return await Promise.race([work(stop), late]);
  } finally {
    over.abort();
  }
}
