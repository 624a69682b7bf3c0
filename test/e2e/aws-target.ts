import type { Machine } from "./windops.ts";

const SERVICES =
  "CLOUDWATCH CLOUDWATCH_LOGS DYNAMODB EC2 IAM KINESIS KINESIS_ANALYTICS_V2 LAMBDA S3 SCHEDULER SERVICE_QUOTAS SNS SSM STS";

/**
 * Makes commands on `machine` take the embedded stack for AWS: the SDK's own variables give each service's address, so that windops
 * knows nothing of an endpoint, and does all that it does on AWS.
 */
export async function takeForAws(machine: Machine): Promise<void> {
  await machine.json("local", "up", "--port", "0");
  const endpoint = await machine.endpoint();
  for (const service of SERVICES.split(" ")) machine.env[`AWS_ENDPOINT_URL_${service}`] = endpoint;
  machine.env.WINDOPS_TARGET = "aws";
  machine.env.AWS_ACCESS_KEY_ID = "test";
  machine.env.AWS_SECRET_ACCESS_KEY = "test";
}
