import { Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";

export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

export const kinesisOf = (endpoint: string) =>
  new Kinesis({ endpoint, region: "us-east-1", credentials, requestHandler: new NodeHttpHandler() });

export const pause = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

/** Makes a stream and waits until it takes records. */
export async function stream(kinesis: Kinesis, StreamName: string, ShardCount = 1): Promise<void> {
  await kinesis.createStream({ StreamName, ShardCount });
  for (;;) {
    const { StreamDescriptionSummary: summary } = await kinesis.describeStreamSummary({ StreamName });
    if (summary?.StreamStatus === "ACTIVE") return;
    await pause(60);
  }
}
