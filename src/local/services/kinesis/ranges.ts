import type { Resharding, ShardRecord, StreamRecord } from "./model.ts";
import { MAX_HASH_KEY, toHashHex } from "./sequence.ts";

/** The whole range of hash keys cut into `count` even ones, as Kinesis does. */
export function evenRanges(count: number): { from: string; to: string }[] {
  const width = (MAX_HASH_KEY + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, i) => ({
    from: toHashHex(width * BigInt(i)),
    to: toHashHex(i === count - 1 ? MAX_HASH_KEY : width * BigInt(i + 1) - 1n),
  }));
}

/** The shards after one step of a resharding; a shard that is closed with no records of its own has `next` 0. */
export function applyStep(shards: ShardRecord[], step: Resharding[number], now: number): ShardRecord[] {
  const closing = "split" in step ? [step.split] : step.merge;
  const [parent, adjacent] = closing.map((index) => shards.find((s) => s.index === index)!);
  const index = Math.max(...shards.map((s) => s.index)) + 1;
  // A child's sequence numbers are above its parents', which begin with the second they were made in.
  const createdSeconds = Math.max(
    Math.floor(now / 1000),
    parent!.createdSeconds + 1,
    (adjacent?.createdSeconds ?? 0) + 1,
  );
  const child = { createdSeconds, opened: now, parent: parent!.index };
  const opened: ShardRecord[] =
    "split" in step
      ? [
          { ...child, index, from: parent!.from, to: toHashHex(BigInt(`0x${step.at}`) - 1n) },
          { ...child, index: index + 1, from: step.at, to: parent!.to },
        ]
      : [{ ...child, index, adjacent: adjacent!.index, from: parent!.from, to: adjacent!.to }];
  const closed = { next: 0, at: now };
  return [...shards.map((s) => (closing.includes(s.index) ? { ...s, closed } : s)), ...opened];
}

/**
 * Steps to `target` shards of even width: every shard is split where a new one begins in it, and the pieces of each new
 * one are merged. Pieces that are split or merged again are shards that close as they open, as in Kinesis itself.
 */
export function evenly(stream: StreamRecord, target: number): Resharding {
  const steps: Resharding = [];
  let shards = stream.shards;
  const apply = (step: Resharding[number]) => {
    steps.push(step);
    shards = applyStep(shards, step, 0);
  };
  const open = () => shards.filter((s) => !s.closed).sort((a, b) => (a.from < b.from ? -1 : 1));
  const ranges = evenRanges(target);
  for (const { from } of ranges.slice(1)) {
    const across = open().find((s) => s.from < from && s.to >= from);
    if (across) apply({ split: across.index, at: from });
  }
  for (const { from, to } of ranges) {
    for (let pieces = within(open(), from, to); pieces.length > 1; pieces = within(open(), from, to)) {
      apply({ merge: [pieces[0]!.index, pieces[1]!.index] });
    }
  }
  return steps;
}

const within = (shards: ShardRecord[], from: string, to: string) => shards.filter((s) => s.from >= from && s.to <= to);
