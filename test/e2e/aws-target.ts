import type { Machine } from "./windops.ts";

const SERVICES =
  "CLOUDWATCH CLOUDWATCH_LOGS DYNAMODB EC2 IAM KINESIS KINESIS_ANALYTICS_V2 LAMBDA S3 SCHEDULER SERVICE_QUOTAS SNS SSM STS";

/**
 * The environment in which windops takes the embedded stack for AWS: the SDK's own variables give each service's address, so that
 * windops knows nothing of an endpoint and does all that it does on AWS.
 */
export function awsEnvironment(endpoint: string): Record<string, string> {
  const addresses = SERVICES.split(" ").map((service) => [`AWS_ENDPOINT_URL_${service}`, endpoint]);
  return { ...Object.fromEntries(addresses), AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
}

/** Makes commands on `machine` work on such an AWS. */
export async function takeForAws(machine: Machine): Promise<void> {
  await machine.json("local", "up", "--port", "0");
  Object.assign(machine.env, awsEnvironment(await machine.endpoint()), { WINDOPS_TARGET: "aws" });
}
