import { setTimeout as sleep } from "node:timers/promises";
import { MergeShardsCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import type { Clients } from "../../src/aws/clients.ts";
import { ListShardsCommand, type Shard } from "../../src/aws/kinesis.ts";
import type { Names } from "../../src/pipeline/config.ts";
import { readInbox } from "../../src/pipeline/inbox.ts";
import type { Fault, FaultKind } from "./script.ts";
import type { SupervisedStack } from "./supervised-stack.ts";

export interface Stage {
  stack: SupervisedStack;
  clients: Clients;
  names: Names;
  signal: AbortSignal;
}

const MOST_SHARDS = 4;
const TRIES = 40;
const MAIL_WAIT_MS = 6_000;

/** Does one fault. Resolves to whether it came about (nothing to kill, no shards to merge: it didn't). */
export async function play({ kind, draw }: Fault, stage: Stage): Promise<boolean> {
  const { stack, names } = stage;
  const does: Record<FaultKind, () => Promise<boolean> | boolean> = {
    "kill the stack": () => stack.restart("SIGKILL").then(() => true),
    "kill the Flink JVM": () => again(stage, () => stack.killJvm()),
    "kill the destination": () => again(stage, () => stack.killFunction(names.destinationFunction)),
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

/** Another fault may be in the way of this one: a stack that is just down, a stream that is just being changed. */
async function again({ signal }: Stage, what: () => Promise<boolean> | boolean): Promise<boolean> {
  for (let n = 0; n < TRIES && !signal.aborted; n++) {
    if (await Promise.resolve(what()).catch(() => false)) return true;
    await sleep(100);
  }
  return false;
}

/** Kills the delivery just when a notification is out: between its publish and its mark, where it's hardest. */
async function killAtMail({ stack, names, signal }: Stage): Promise<boolean> {
  const count = async () => (await readInbox(stack.endpoint, "").catch(() => [])).length;
  const before = await count();
  for (const end = performance.now() + MAIL_WAIT_MS; performance.now() < end && !signal.aborted; await sleep(10)) {
    if ((await count()) > before) break;
  }
  return stack.killFunction(names.deliveryFunction);
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
