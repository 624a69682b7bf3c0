import { AwsError } from "../../errors.ts";
import type { Call, RpcService, Stack } from "../../service.ts";
import { integerOf, pageOf } from "../../wire-values.ts";

interface Quota {
  service: string;
  serviceName: string;
  code: string;
  name: string;
  /** AWS's default for a new account. */
  value: number;
  global: boolean;
}

/** Quotas that a pipeline can run into. Kinesis' shards aren't among them: its own DescribeLimits tells those. */
const QUOTAS: Quota[] = [
  {
    service: "dynamodb",
    serviceName: "Amazon DynamoDB",
    code: "L-F98FE922",
    name: "Maximum number of tables",
    value: 2500,
    global: false,
  },
  {
    service: "ec2",
    serviceName: "Amazon Elastic Compute Cloud (Amazon EC2)",
    code: "L-1216C47A",
    name: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    value: 5,
    global: false,
  },
  {
    service: "iam",
    serviceName: "AWS Identity and Access Management (IAM)",
    code: "L-FE177D64",
    name: "Roles per account",
    value: 1000,
    global: true,
  },
  {
    service: "lambda",
    serviceName: "AWS Lambda",
    code: "L-B99A9384",
    name: "Concurrent executions",
    value: 1000,
    global: false,
  },
  {
    service: "s3",
    serviceName: "Amazon Simple Storage Service (Amazon S3)",
    code: "L-DC2B2D3D",
    name: "General purpose buckets",
    value: 10_000,
    global: true,
  },
  {
    service: "sns",
    serviceName: "Amazon Simple Notification Service (Amazon SNS)",
    code: "L-61103206",
    name: "Topics per Account",
    value: 100_000,
    global: false,
  },
];

/** Service Quotas: AWS's defaults, which the stack itself doesn't hold anyone to. */
export function quotas(stack: Stack): RpcService {
  const shape = (quota: Quota, region: string) => ({
    ServiceCode: quota.service,
    ServiceName: quota.serviceName,
    QuotaArn: `arn:aws:servicequotas:${quota.global ? "" : region}:${stack.account}:${quota.service}/${quota.code}`,
    QuotaCode: quota.code,
    QuotaName: quota.name,
    Value: quota.value,
    Unit: "None",
    Adjustable: true,
    GlobalQuota: quota.global,
    QuotaAppliedAtLevel: "ACCOUNT",
  });
  const missing = () =>
    new AwsError(
      "NoSuchResourceException",
      "The request failed because the specified service or quota does not exist.",
    );
  const get = (input: { ServiceCode?: string; QuotaCode?: string }, call: Call) => {
    const quota = QUOTAS.find((q) => q.service === input.ServiceCode && q.code === input.QuotaCode);
    if (!quota) throw missing();
    return { Quota: shape(quota, call.region) };
  };
  const page = <T>(items: T[], input: { MaxResults?: unknown; NextToken?: string }, key: (item: T) => string) => {
    const size = integerOf(input.MaxResults, "maxResults", [1, 100], 100, "IllegalArgumentException");
    const invalid = () => new AwsError("InvalidPaginationTokenException", "Invalid input was provided.");
    return pageOf(items, { key, size, token: input.NextToken, invalid });
  };
  const list = (input: { ServiceCode?: string; MaxResults?: unknown; NextToken?: string }, call: Call) => {
    const own = QUOTAS.filter((q) => q.service === input.ServiceCode);
    if (own.length === 0) throw missing();
    const { items, token } = page(own, input, (q) => q.code);
    return { Quotas: items.map((q) => shape(q, call.region)), NextToken: token };
  };
  return {
    kind: "rpc",
    signingNames: ["servicequotas"],
    protocol: "json",
    targetPrefixes: ["ServiceQuotasV20190624"],
    operations: {
      GetServiceQuota: get,
      GetAWSDefaultServiceQuota: get,
      ListServiceQuotas: list,
      ListAWSDefaultServiceQuotas: list,
      ListServices(input: { MaxResults?: unknown; NextToken?: string }) {
        const { items, token } = page(QUOTAS, input, (q) => q.service);
        return {
          Services: items.map((q) => ({ ServiceCode: q.service, ServiceName: q.serviceName })),
          NextToken: token,
        };
      },
    },
  };
}
