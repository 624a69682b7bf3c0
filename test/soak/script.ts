import { mulberry32 } from "../../src/local/chaos.ts";

export type FaultKind =
  | "kill the stack"
  | "kill the Flink JVM"
  | "kill the destination"
  | "kill the delivery"
  | "split a shard"
  | "merge shards"
  | "clock forward"
  | "clock back"
  | "full disk";

export interface Fault {
  /** Milliseconds after the load began. */
  at: number;
  kind: FaultKind;
  /** [0, 1): whatever is still to be chosen when it comes to it. */
  draw: number;
}

const KINDS: readonly FaultKind[] = [
  "kill the stack",
  "kill the destination",
  "kill the delivery",
  "split a shard",
  "merge shards",
  "clock forward",
  "clock back",
  "full disk",
];
const SHORTEST_GAP = 1_500;
const LONGEST_GAP = 10_000;

/**
 * When what goes wrong within `duration` milliseconds, the same for the same seed: every kind in each round, in an order
 * of its own. A short run is one round, packed.
 */
export function faultScript(seed: number, duration: number, engine: "embedded" | "flink"): Fault[] {
  const random = mulberry32(seed);
  const kinds = engine === "flink" ? [...KINDS, "kill the Flink JVM" as const] : KINDS;
  const gap = Math.max(SHORTEST_GAP, Math.min(LONGEST_GAP, duration / (kinds.length + 1)));
  const script: Fault[] = [];
  let round: FaultKind[] = [];
  for (let at = gap; at < duration; at += gap * (0.7 + 0.6 * random())) {
    if (round.length === 0) round = shuffled(kinds, random);
    script.push({ at: Math.round(at), kind: round.pop()!, draw: random() });
  }
  return script;
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]!);
}
