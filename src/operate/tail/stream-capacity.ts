import type { KinesisClient, StreamDescriptionSummary } from "@aws-sdk/client-kinesis";
import { DescribeStreamSummaryCommand } from "../../aws/kinesis.ts";
import { WindopsError } from "../../io/errors/errors.ts";

/** What one shard takes a second. */
const SHARD_RECORDS = 1000;
/** Readings of 150 bytes in a shard's 1 MiB a second, where many go in one record. */
const SHARD_AGGREGATED = 7000;
/** Other producers and uneven keys get the rest. */
const SHARE = 0.9;

/** Readings a second that the stream's shards take with some room left. Throws `WindopsError` where there's no stream. */
export async function streamCapacity(
  kinesis: Pick<KinesisClient, "send">,
  stream: string,
  { aggregate = false } = {},
): Promise<number> {
  const { OpenShardCount = 1 } = await describeStream(kinesis, stream);
  return OpenShardCount * (aggregate ? SHARD_AGGREGATED : SHARD_RECORDS) * SHARE;
}

/** What the service says of the stream. Throws `WindopsError` where there's none. */
export async function describeStream(
  kinesis: Pick<KinesisClient, "send">,
  stream: string,
): Promise<Partial<StreamDescriptionSummary>> {
  try {
    const answer = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }));
    return answer.StreamDescriptionSummary ?? {};
  } catch (error) {
    throw (error as Error).name === "ResourceNotFoundException" ? noStream(stream, error) : error;
  }
}

export function noStream(stream: string, cause: unknown): WindopsError {
  return new WindopsError("E_NO_STREAM", `There is no stream "${stream}".`, {
    hint: "Run `windops setup`, or name one that is there.",
    cause,
  });
}
