import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Consumer, KinesisClient } from "@aws-sdk/client-kinesis";
import {
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  ListStreamConsumersCommand,
  RegisterStreamConsumerCommand,
} from "../../aws/kinesis.ts";
import type { Edge } from "../../io/clock.ts";
import { WindopsError } from "../../io/errors/errors.ts";
import { makeFolder } from "../../io/folder.ts";
import { noStream } from "./stream-capacity.ts";

export interface FanOutOptions extends Edge {
  kinesis: Pick<KinesisClient, "send">;
  stream: string;
  /** Where it's noted which consumers are this machine's, so that one that a killed run left is found again. */
  folder: string;
  /** Of this process. */
  pid: number;
  isAlive(pid: number): boolean;
  note(text: string): void;
}

export interface FanOut {
  name: string;
  consumerArn: string;
  /** Deregisters the consumer: it costs as long as it's there. */
  end(): Promise<void>;
}

const PREFIX = "windops-tail-";
const ASK_MS = 250;
/** Becoming active takes AWS seconds. */
const PATIENCE_MS = 120_000;

/**
 * A consumer of enhanced fan-out for this process, active: one that a killed run of this machine left, else a new one.
 * Throws `WindopsError` where there's no such stream, and where the stream has all the consumers it takes.
 */
export async function registerFanOut(options: FanOutOptions): Promise<FanOut> {
  const { kinesis, stream, folder, pid, note } = options;
  const StreamARN = await arnOf(kinesis, stream);
  const owners = new Owners(join(folder, encodeURIComponent(StreamARN)), options);
  const left = (await consumersOf(kinesis, StreamARN)).find(({ ConsumerName, ConsumerStatus }) => {
    return ConsumerStatus !== "DELETING" && owners.abandoned(ConsumerName!);
  });
  const name = left?.ConsumerName ?? PREFIX + randomBytes(4).toString("hex");
  // Noted first: a run that dies between the two leaves a note of nothing, not a consumer that nobody knows of.
  owners.take(name, pid);
  if (left) note(`Using ${name}, which a run that was killed has left registered.`);
  else await register(kinesis, StreamARN, name);
  const end = async () => {
    await kinesis.send(new DeregisterStreamConsumerCommand({ StreamARN, ConsumerName: name })).catch((error) => {
      if (error.name === "ResourceNotFoundException") return;
      note(`${name} is still registered with ${stream} (${error.name}): the next tail --efo takes it over.`);
      throw error;
    });
    owners.forget(name);
  };
  try {
    return { name, consumerArn: await active(options, StreamARN, name), end };
  } catch (error) {
    await end().catch(() => {});
    throw error;
  }
}

/** Which process of this machine uses which consumer of a stream: a file each. */
class Owners {
  readonly #folder: string;
  readonly #isAlive: (pid: number) => boolean;

  constructor(folder: string, { isAlive }: Pick<FanOutOptions, "isAlive">) {
    this.#folder = folder;
    this.#isAlive = isAlive;
    makeFolder(folder);
  }

  abandoned(name: string): boolean {
    if (!readdirSync(this.#folder).includes(name)) return false;
    return !this.#isAlive(Number(readFileSync(join(this.#folder, name), "utf8")));
  }

  take(name: string, pid: number): void {
    writeFileSync(join(this.#folder, name), String(pid));
  }

  forget(name: string): void {
    rmSync(join(this.#folder, name), { force: true });
  }
}

async function arnOf(kinesis: FanOutOptions["kinesis"], stream: string): Promise<string> {
  try {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }));
    return StreamDescriptionSummary!.StreamARN!;
  } catch (error) {
    throw (error as Error).name === "ResourceNotFoundException" ? noStream(stream, error) : error;
  }
}

async function consumersOf(kinesis: FanOutOptions["kinesis"], StreamARN: string): Promise<Consumer[]> {
  const consumers: Consumer[] = [];
  let NextToken: string | undefined;
  do {
    const page = await kinesis.send(new ListStreamConsumersCommand({ StreamARN, ...(NextToken && { NextToken }) }));
    consumers.push(...(page.Consumers ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return consumers.filter(({ ConsumerName }) => ConsumerName?.startsWith(PREFIX));
}

async function register(kinesis: FanOutOptions["kinesis"], StreamARN: string, ConsumerName: string): Promise<void> {
  try {
    await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
  } catch (error) {
    if ((error as Error).name !== "LimitExceededException") throw error;
    throw new WindopsError("E_CONSUMERS", `The stream takes no further consumer: ${(error as Error).message}`, {
      hint: "Deregister one (aws kinesis list-stream-consumers names them), or tail without --efo.",
      cause: error,
    });
  }
}

async function active(
  { kinesis, sleep, now }: FanOutOptions,
  StreamARN: string,
  ConsumerName: string,
): Promise<string> {
  const end = now() + PATIENCE_MS;
  for (;;) {
    const { ConsumerDescription } = await kinesis.send(new DescribeStreamConsumerCommand({ StreamARN, ConsumerName }));
    if (ConsumerDescription?.ConsumerStatus === "ACTIVE") return ConsumerDescription.ConsumerARN!;
    if (now() > end) {
      throw new WindopsError("E_UNSETTLED", `${ConsumerName} is still ${ConsumerDescription?.ConsumerStatus}.`, {
        hint: "Try again in a minute, or tail without --efo.",
      });
    }
    await sleep(ASK_MS);
  }
}
