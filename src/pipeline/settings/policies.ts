import { QUARANTINE_PREFIX } from "../../contract/environment.ts";
import type { Pipeline } from "../resource.ts";
import { DELIVERY_RIGHTS, DESTINATION_RIGHTS, SIMULATOR_PREFIX } from "./functions.ts";
import type { Identities } from "./identities.ts";

export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource?: string | string[];
  Principal?: "*" | Record<string, string | string[]>;
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: Statement[];
}

export function policy(...Statement: Statement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement };
}

function allow(Sid: string, Action: readonly string[], ...Resource: string[]): Statement {
  return { Sid, Effect: "Allow", Action: [...Action], Resource: Resource.length === 1 ? Resource[0]! : Resource };
}

/** Who may take a role on. `account`: only for resources of that account (the confused deputy). */
export function trust(service: string, account?: string): PolicyDocument {
  return policy({
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sts:AssumeRole",
    ...(account !== undefined && { Condition: { StringEquals: { "aws:SourceAccount": account } } }),
  });
}

const writeLog = (logGroupArn: string) =>
  allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], `${logGroupArn}:log-stream:*`);

/** The rights of each role: what its holder calls and nothing else, on the pipeline's own resources. */
export function rolePolicies({ names }: Pipeline, { arns, logGroups }: Identities) {
  return {
    destination: policy(
      allow("ReadScoredReadings", DESTINATION_RIGHTS.stream, arns.outputStream),
      allow(
        "StoreReadings",
        [...new Set([...DESTINATION_RIGHTS.table, ...DESTINATION_RIGHTS.alertTable])].sort(),
        arns.table,
        arns.alertTable,
      ),
      allow("KeepWhatCannotBeRead", DESTINATION_RIGHTS.quarantine, `${arns.bucket}/${QUARANTINE_PREFIX}*`),
      // Lambda itself writes the batches that the function gave up, under a prefix of its own choice.
      allow("KeepFailedBatches", ["s3:PutObject"], `${arns.bucket}/aws/lambda/*`),
      allow("FindBucketOfFailedBatches", ["s3:ListBucket"], arns.bucket),
      allow("DeliverAtOnce", DESTINATION_RIGHTS.deliveryFunction, arns.deliveryFunction),
      writeLog(arns.logGroup(logGroups.destination)),
    ),
    delivery: policy(
      allow("FindAnomalies", DELIVERY_RIGHTS.table, arns.table),
      allow("ClaimNotifications", DELIVERY_RIGHTS.alertTable, arns.alertTable),
      allow("Notify", DELIVERY_RIGHTS.topic, arns.topic),
      writeLog(arns.logGroup(logGroups.delivery)),
    ),
    flink: policy(
      allow(
        "ReadReadings",
        [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ],
        arns.inputStream,
      ),
      allow(
        "WriteScoredReadings",
        ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecords"],
        arns.outputStream,
      ),
      allow("ReadJar", ["s3:GetObject", "s3:GetObjectVersion"], `${arns.bucket}/${names.jarKey}`),
      allow("FindLog", ["logs:DescribeLogStreams"], `${arns.logGroup(logGroups.flink)}:*`),
      allow("WriteLog", ["logs:PutLogEvents"], `${arns.logGroup(logGroups.flink)}:log-stream:*`),
    ),
    simulator: policy(
      allow("WriteReadings", ["kinesis:PutRecords"], arns.inputStream),
      allow("FetchCode", ["s3:GetObject"], `${arns.bucket}/${SIMULATOR_PREFIX}*`),
    ),
    schedule: policy(allow("Deliver", ["lambda:InvokeFunction"], arns.deliveryFunction)),
  };
}

/** Nothing reaches the bucket but over TLS. */
export function bucketPolicy(bucketArn: string): PolicyDocument {
  return policy({
    Sid: "TlsOnly",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucketArn, `${bucketArn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  });
}
