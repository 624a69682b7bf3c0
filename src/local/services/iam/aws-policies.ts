import type { Policy } from "./state.ts";

function managed(path: string, name: string, statements: object[]): [string, Policy] {
  const arn = `arn:aws:iam::aws:policy${path}${name}`;
  const created = Date.parse("2015-04-09T15:03:43Z");
  const document = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  const policy: Policy = {
    name,
    path,
    id: `ANPA${Buffer.from(name).toString("hex").toUpperCase().padEnd(17, "A").slice(0, 17)}`,
    arn,
    created,
    updated: created,
    description: "",
    tags: [],
    defaultVersion: "v1",
    lastVersion: 1,
    versions: { v1: { document, created } },
  };
  return [arn, policy];
}

const logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const streams = [
  "kinesis:DescribeStream",
  "kinesis:DescribeStreamSummary",
  "kinesis:GetRecords",
  "kinesis:GetShardIterator",
  "kinesis:ListShards",
  "kinesis:ListStreams",
  "kinesis:SubscribeToShard",
];

/** AWS's own policies that pipelines of this kind attach, with the statements that AWS publishes for them. */
export const AWS_POLICIES: Record<string, Policy> = Object.fromEntries([
  managed("/service-role/", "AWSLambdaBasicExecutionRole", [{ Effect: "Allow", Action: logs, Resource: "*" }]),
  managed("/service-role/", "AWSLambdaKinesisExecutionRole", [
    { Effect: "Allow", Action: [...streams, ...logs], Resource: "*" },
  ]),
  managed("/", "AmazonKinesisReadOnlyAccess", [
    { Effect: "Allow", Action: ["kinesis:Get*", "kinesis:List*", "kinesis:Describe*"], Resource: "*" },
  ]),
  managed("/", "AmazonKinesisFullAccess", [{ Effect: "Allow", Action: "kinesis:*", Resource: "*" }]),
  managed("/", "AmazonS3ReadOnlyAccess", [
    {
      Effect: "Allow",
      Action: ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
      Resource: "*",
    },
  ]),
  managed("/", "AmazonS3FullAccess", [{ Effect: "Allow", Action: ["s3:*", "s3-object-lambda:*"], Resource: "*" }]),
  managed("/", "AmazonSNSFullAccess", [{ Effect: "Allow", Action: ["sns:*"], Resource: "*" }]),
  managed("/", "AdministratorAccess", [{ Effect: "Allow", Action: "*", Resource: "*" }]),
]);
