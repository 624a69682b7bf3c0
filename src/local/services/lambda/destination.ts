import type { Stack } from "../../service.ts";
import { invalid } from "./model.ts";

type Kind = "sns" | "s3" | "lambda";

function kindOf(arn: string): Kind {
  const kind = /^arn:aws[a-zA-Z-]*:(sns|s3|lambda):/.exec(arn)?.[1];
  if (!kind)
    throw invalid(
      `The embedded stack has no such destination: ${arn}. It delivers to SNS topics, S3 buckets and functions.`,
    );
  return kind as Kind;
}

/** Throws `AwsError` InvalidParameterValueException for a destination that can't be delivered to. */
export function checkDestination(arn: string | undefined, allowed: Kind[]): void {
  if (!arn) return;
  const kind = kindOf(arn);
  if (!allowed.includes(kind)) throw invalid(`Invalid destination type for this event source: ${kind}`);
}

/** Sends a failed batch's or event's report where the user wants it. Throws what the other service throws. */
export async function deliver(
  stack: Stack,
  arn: string,
  report: object,
  region: string,
  object: string,
): Promise<void> {
  const body = JSON.stringify(report);
  const kind = kindOf(arn);
  if (kind === "sns") await stack.call("sns", "Publish", { TopicArn: arn, Message: body }, arn.split(":")[3] ?? region);
  else if (kind === "lambda") {
    await stack.call(
      "lambda",
      "Invoke",
      { FunctionName: arn, InvocationType: "Event", Payload: Buffer.from(body) },
      region,
    );
  } else {
    const Bucket = arn.split(":::")[1]!;
    await stack.call(
      "s3",
      "PutObject",
      { Bucket, Key: object, Body: Buffer.from(body), ContentType: "application/json" },
      region,
    );
  }
}
