/** The partition of a region, where no caller identity tells it: `aws`, `aws-cn`, `aws-us-gov` … */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  if (region.startsWith("us-iso-")) return "aws-iso";
  if (region.startsWith("us-isob-")) return "aws-iso-b";
  if (region.startsWith("eusc-")) return "aws-eusc";
  return "aws";
}

/** Where a pipeline lives: what every ARN is made of. */
export interface Place {
  partition: string;
  region: string;
  account: string;
}

/** An ARN of a resource in `place`; IAM's and S3's have no region, S3's no account. */
export function arn(place: Place, service: string, resource: string): string {
  const region = service === "iam" || service === "s3" ? "" : place.region;
  const account = service === "s3" ? "" : place.account;
  return `arn:${place.partition}:${service}:${region}:${account}:${resource}`;
}
