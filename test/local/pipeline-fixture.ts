import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { strToU8, zipSync } from "fflate";
import { clientOptions } from "./stack-fixture.ts";

/** Resolves with the first value of `look` that is neither undefined nor false; fails when the time is up, with the last error. */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  seconds = 20,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await look();
      if (value !== undefined && value !== false && value !== null) return value as NonNullable<Exclude<T, false>>;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not in ${seconds} s: ${what}${last ? ` (${last})` : ""}`);
}

/** Clients of one stack. */
export function clients(endpoint: string) {
  const options = { ...clientOptions(endpoint), maxAttempts: 1 };
  return {
    lambda: new LambdaClient(options),
    kinesis: new KinesisClient({ ...options, requestHandler: new NodeHttpHandler() }),
    iam: new IAMClient(options),
  };
}

export type Clients = ReturnType<typeof clients>;

export async function role(iam: IAMClient, name: string, service = "lambda.amazonaws.com"): Promise<string> {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
  return Role!.Arn!;
}

/** A package of these files' texts. */
export const zipped = (files: Record<string, string>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));

/** Makes a function of `source` (index.mjs, handler) and waits until it is active. */
export async function deploy(
  { lambda }: Clients,
  Role: string,
  FunctionName: string,
  source: string,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  const Code = { ZipFile: zipped({ "index.mjs": source }) };
  await lambda.send(
    new CreateFunctionCommand({ FunctionName, Role, Code, Runtime: "nodejs22.x", Handler: "index.handler", ...more }),
  );
  await until(
    async () => (await lambda.send(new GetFunctionCommand({ FunctionName }))).Configuration?.State === "Active",
    `function ${FunctionName} active`,
  );
}

export const enabled = ({ lambda }: Clients, UUID: string, state = "Enabled") =>
  until(
    async () => (await lambda.send(new GetEventSourceMappingCommand({ UUID }))).State === state,
    `mapping ${UUID} ${state}`,
  );

/** Makes a stream and waits until it is active; answers its ARN. */
export async function stream({ kinesis }: Clients, StreamName: string, ShardCount = 1): Promise<string> {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount }));
  return until(async () => {
    const { StreamDescriptionSummary: s } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return s?.StreamStatus === "ACTIVE" ? s.StreamARN : undefined;
  }, `stream ${StreamName} active`);
}

/** Puts records in order, each its text with the key before the colon. */
export async function put(
  { kinesis }: Clients,
  StreamName: string,
  texts: string[],
  key = (text: string) => text.split(":")[0]!,
) {
  for (let i = 0; i < texts.length; i += 500) {
    const Records = texts.slice(i, i + 500).map((text) => ({ Data: Buffer.from(text), PartitionKey: key(text) }));
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    if (answer.FailedRecordCount) throw new Error(`${answer.FailedRecordCount} records refused`);
  }
}

/** Everything that the stream holds, shard by shard. */
export async function contents({ kinesis }: Clients, StreamName: string): Promise<string[]> {
  const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName }));
  const texts: string[] = [];
  for (const { ShardId } of Shards!) {
    let { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    while (ShardIterator) {
      const answer: any = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      texts.push(...answer.Records.map((record: any) => Buffer.from(record.Data).toString()));
      ShardIterator =
        answer.Records.length === 0 && answer.MillisBehindLatest === 0 ? undefined : answer.NextShardIterator;
    }
  }
  return texts;
}
