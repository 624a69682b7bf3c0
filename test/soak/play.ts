import { setTimeout as sleep } from "node:timers/promises";
import { MergeShardsCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import type { Clients } from "../../src/aws/clients.ts";
import { ListShardsCommand, type Shard } from "../../src/aws/kinesis.ts";
import { readInbox } from "../../src/operate/inbox.ts";
import type { Names } from "../../src/pipeline/settings/config.ts";
import type { Fault, FaultKind } from "./script.ts";
import type { SupervisedStack } from "./supervised-stack.ts";

export interface Stage {
  stack: SupervisedStack;
  clients: Clients;
  names: Names;
  signal: AbortSignal;
}

const MOST_SHARDS = 4;
/** For what a fault needs: a function with a batch in hand, a stack that is up, a stream that isn't just being changed. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 10;
const MAIL_WAIT_MS = 8_000;

/** Does one fault, as soon as it can be done. Resolves to whether it came about. */
export async function play({ kind, draw }: Fault, stage: Stage): Promise<boolean> {
  const { stack, names } = stage;
  const does: Record<FaultKind, () => Promise<boolean> | boolean> = {
    "kill the stack": () => stack.restart("SIGKILL").then(() => true),
    "kill the Flink JVM": () => again(stage, () => stack.killJvm()),
    "kill the destination": () => again(stage, () => stack.killBusy(names.destinationFunction)),
    "kill the delivery": () => killAtMail(stage),
    "split a shard": () => again(stage, () => split(stage, draw)),
    "merge shards": () => again(stage, () => merge(stage, draw)),
    "clock forward": () => step(stack, 5_000 + 115_000 * draw),
    "clock back": () => step(stack, -(5_000 + 55_000 * draw)),
    "full disk": () => stack.fillDisk(1_000 + 2_000 * draw).then(() => true),
  };
  return does[kind]();
}

function step(stack: SupervisedStack, milliseconds: number): boolean {
  stack.stepClock(Math.round(milliseconds));
  return true;
}

async function again({ signal }: Stage, what: () => Promise<boolean> | boolean): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !signal.aborted; ) {
    // In an async function, so that a stack that is just down is an attempt that failed.
    if (await (async () => what())().catch(() => false)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/**
 * Kills the delivery just when a notification is out: between its publish and its mark, where it's hardest. If it's
 * never caught there, then wherever it is.
 */
function killAtMail(stage: Stage): Promise<boolean> {
  const { stack, names } = stage;
  const anywhere = performance.now() + MAIL_WAIT_MS;
  let before: number | undefined;
  return again(stage, async () => {
    const count = (await readInbox(stack.endpoint, "")).length;
    before ??= count;
    if (count === before && performance.now() < anywhere) return false;
    before = count;
    return stack.killBusy(names.deliveryFunction);
  });
}

const streamOf = (names: Names, draw: number) => (draw < 0.5 ? names.inputStream : names.outputStream);

async function openShards({ clients, names }: Stage, draw: number): Promise<Shard[]> {
  const kinesis = await clients.kinesis();
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: streamOf(names, draw) }));
  return Shards.filter((shard) => shard.SequenceNumberRange?.EndingSequenceNumber === undefined).sort(byRange);
}

const from = (shard: Shard) => BigInt(shard.HashKeyRange!.StartingHashKey!);
const to = (shard: Shard) => BigInt(shard.HashKeyRange!.EndingHashKey!);
const byRange = (a: Shard, b: Shard) => (from(a) < from(b) ? -1 : 1);

async function split(stage: Stage, draw: number): Promise<boolean> {
  const shards = await openShards(stage, draw);
  if (shards.length >= MOST_SHARDS) return merge(stage, draw);
  const shard = shards[Math.floor(draw * 1000) % shards.length]!;
  const NewStartingHashKey = String((from(shard) + to(shard)) / 2n);
  const StreamName = streamOf(stage.names, draw);
  const kinesis = await stage.clients.kinesis();
  await kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: shard.ShardId, NewStartingHashKey }));
  return true;
}

async function merge(stage: Stage, draw: number): Promise<boolean> {
  const shards = await openShards(stage, draw);
  if (shards.length < 2) return split(stage, draw);
  const at = Math.floor(draw * 1000) % (shards.length - 1);
  const StreamName = streamOf(stage.names, draw);
  const kinesis = await stage.clients.kinesis();
  const [ShardToMerge, AdjacentShardToMerge] = [shards[at]!.ShardId, shards[at + 1]!.ShardId];
  await kinesis.send(new MergeShardsCommand({ StreamName, ShardToMerge, AdjacentShardToMerge }));
  return true;
}
