import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import type { CloudWatchClient } from "./cloudwatch.ts";
import type { DynamoDBClient } from "./dynamodb.ts";
import type { EC2Client } from "./ec2.ts";
import type { KinesisAnalyticsV2Client } from "./flink.ts";
import type { IAMClient } from "./iam.ts";
import type { KinesisClient } from "./kinesis.ts";
import type { LambdaClient } from "./lambda.ts";
import type { CloudWatchLogsClient } from "./logs.ts";
import type { ServiceQuotasClient } from "./quotas.ts";
import type { S3Client } from "./s3.ts";
import type { SchedulerClient } from "./scheduler.ts";
import type { SNSClient } from "./sns.ts";
import type { SSMClient } from "./ssm.ts";
import type { STSClient } from "./sts.ts";

/** One lazily loaded client a service; profile, region and endpoint are resolved before any is built. */
export interface Clients {
  kinesis(): Promise<KinesisClient>;
  /** For SubscribeToShard, which AWS has over HTTP/2 only. */
  kinesisPush(): Promise<KinesisClient>;
  s3(): Promise<S3Client>;
  iam(): Promise<IAMClient>;
  lambda(): Promise<LambdaClient>;
  flink(): Promise<KinesisAnalyticsV2Client>;
  dynamodb(): Promise<DynamoDBClient>;
  sns(): Promise<SNSClient>;
  scheduler(): Promise<SchedulerClient>;
  logs(): Promise<CloudWatchLogsClient>;
  cloudwatch(): Promise<CloudWatchClient>;
  sts(): Promise<STSClient>;
  ec2(): Promise<EC2Client>;
  ssm(): Promise<SSMClient>;
  quotas(): Promise<ServiceQuotasClient>;
  /** Closes the kept-alive connections. */
  destroy(): void;
}

/** A call as it was made: for `--verbose`, and for the list that `windops permissions` is derived from. */
export interface MadeCall {
  /** The client's name, e.g. `kinesis`. */
  service: string;
  /** The SDK command's name without "Command", e.g. `CreateStream`. */
  operation: string;
  input: Record<string, unknown>;
}

export interface ClientOptions {
  region: string;
  /** All services at this address instead of their own. */
  endpoint?: string;
  /** Left out: the SDK's own chain (environment, profile, SSO, instance role …). */
  credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  profile?: string;
  /** Tries of each call in all, with exponential back-off (default 5). */
  maxAttempts?: number;
  /** Milliseconds to wait before try `attempt`, counted from 1, instead of the SDK's own back-off. */
  retryDelay?: (attempt: number) => number;
  onCall?: (call: MadeCall) => void;
}

/** Time for a connection to stand, and for an answer to come: a call that hangs is tried again, not waited for. */
const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** A jar of 30 MB on a slow line takes longer than any other call. */
const S3_REQUEST_TIMEOUT_MS = 300_000;

/** Credentials for an endpoint on this machine that doesn't check them: no profile is read for it. */
export const LOCAL_CREDENTIALS: AwsCredentialIdentity = { accessKeyId: "test", secretAccessKey: "test" };

/** Clients that are loaded and built at their first use, and share their kept-alive connections. */
export function createClients(options: ClientOptions): Clients {
  const built = new Map<string, Promise<any>>();
  const once = <Client>(service: string, build: (base: object) => Promise<Client>, name = service) => {
    return (): Promise<Client> => {
      let client = built.get(name);
      if (!client) {
        client = base(options, service)
          .then(build)
          .then((made) => observed(made, service, options.onCall));
        built.set(name, client);
      }
      return client;
    };
  };
  return {
    kinesis: once("kinesis", async (c) => new (await import("./kinesis.ts")).KinesisClient(c)),
    kinesisPush: once(
      "kinesis",
      async (c) => {
        const [{ KinesisClient }, { NodeHttp2Handler }] = await Promise.all([
          import("./kinesis.ts"),
          import("./transport.ts"),
        ]);
        // A connection a shard: a stream of 64 shards stays within what one connection carries. Events come every five seconds.
        const requestHandler = new NodeHttp2Handler({
          requestTimeout: REQUEST_TIMEOUT_MS,
          disableConcurrentStreams: true,
        });
        return new KinesisClient({ ...c, requestHandler });
      },
      "kinesisPush",
    ),
    s3: once("s3", async (c) => {
      const { S3Client } = await import("./s3.ts");
      // One host for all buckets where there's no DNS for bucket.host.
      return new S3Client({ ...c, forcePathStyle: options.endpoint !== undefined });
    }),
    iam: once("iam", async (c) => new (await import("./iam.ts")).IAMClient(c)),
    lambda: once("lambda", async (c) => new (await import("./lambda.ts")).LambdaClient(c)),
    flink: once("flink", async (c) => new (await import("./flink.ts")).KinesisAnalyticsV2Client(c)),
    dynamodb: once("dynamodb", async (c) => new (await import("./dynamodb.ts")).DynamoDBClient(c)),
    sns: once("sns", async (c) => new (await import("./sns.ts")).SNSClient(c)),
    scheduler: once("scheduler", async (c) => new (await import("./scheduler.ts")).SchedulerClient(c)),
    logs: once("logs", async (c) => new (await import("./logs.ts")).CloudWatchLogsClient(c)),
    cloudwatch: once("cloudwatch", async (c) => new (await import("./cloudwatch.ts")).CloudWatchClient(c)),
    sts: once("sts", async (c) => new (await import("./sts.ts")).STSClient(c)),
    ec2: once("ec2", async (c) => new (await import("./ec2.ts")).EC2Client(c)),
    ssm: once("ssm", async (c) => new (await import("./ssm.ts")).SSMClient(c)),
    quotas: once("quotas", async (c) => new (await import("./quotas.ts")).ServiceQuotasClient(c)),
    destroy: () => {
      for (const client of built.values()) void client.then((made) => made.destroy());
    },
  };
}

async function base(options: ClientOptions, service: string): Promise<object> {
  const { ConfiguredRetryStrategy, NodeHttpHandler } = await import("./transport.ts");
  // The SDK warns of Node versions that it will leave behind; which are supported is windops' own affair.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const { maxAttempts = 5, retryDelay, endpoint, profile, credentials } = options;
  return {
    region: options.region,
    // HTTP/1.1 for Kinesis too: over HTTP/2 the v3 client fails on endpoints without it, and GetRecords has hung.
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: service === "s3" ? S3_REQUEST_TIMEOUT_MS : REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    }),
    maxAttempts,
    ...(retryDelay && { retryStrategy: new ConfiguredRetryStrategy(maxAttempts, retryDelay) }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    ...(profile !== undefined && {
      profile,
      // The profile's own (keys, role, process, SSO), where the whole chain would say no more than that it found none.
      ...(!credentials && { credentials: (await import("./profile-credentials.ts")).fromIni({ profile }) }),
    }),
    // What the shared config file could say otherwise, so that none is read for an endpoint on this machine.
    ...(credentials === LOCAL_CREDENTIALS && { ...WITHOUT_CONFIG_FILE }),
  };
}

const WITHOUT_CONFIG_FILE = {
  defaultsMode: "standard",
  retryMode: "standard",
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  accountIdEndpointMode: "disabled",
  userAgentAppId: undefined,
};

function observed<Client>(client: Client, service: string, onCall: ClientOptions["onCall"]): Client {
  if (onCall) {
    const { middlewareStack } = client as { middlewareStack: { add(m: unknown, o: object): void } };
    middlewareStack.add(
      (next: (args: any) => unknown, context: { commandName?: string }) => (args: any) => {
        onCall({ service, operation: (context.commandName ?? "").replace(/Command$/, ""), input: args.input });
        return next(args);
      },
      { step: "initialize", name: "windopsObserve" },
    );
  }
  return client;
}
