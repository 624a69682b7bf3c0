import type { MadeCall } from "../../../src/aws/clients.ts";
import { arn, type Place } from "../../../src/aws/partition.ts";
import type { Context } from "../../../src/local/services/iam/evaluation/conditions.ts";

type Input = Record<string, any>;

/** The ARNs that AWS would judge `action` of a call by, told from what the call itself says. */
export function judgedArns({ service, operation, input }: MadeCall, action: string, place: Place): string[] {
  const i: Input = input;
  if (action === "iam:PassRole") return passedRoles(service, i, place);
  const given =
    i.ResourceARN ?? i.ResourceArn ?? i.resourceArn ?? (typeof i.Resource === "string" ? i.Resource : undefined);
  if (given !== undefined) return [given];
  const at = (resource: string) => arn(place, action.split(":")[0]!, resource);
  switch (service) {
    case "cloudwatch":
      if (operation === "GetMetricData" || operation === "PutMetricData") return ["*"];
      return [i.AlarmNames ?? i.AlarmName].flat().map((name: string) => at(`alarm:${name}`));
    case "dynamodb": {
      const tables = i.TableName ? [i.TableName] : Object.keys(i.RequestItems ?? {});
      return tables.map((name) => at(`table/${name}${i.IndexName ? `/index/${i.IndexName}` : ""}`));
    }
    case "ec2":
      return ec2Arns(operation, action, i, place, at);
    case "flink":
      return [at(`application/${i.ApplicationName}`)];
    case "iam":
      if (i.PolicySourceArn) return [i.PolicySourceArn];
      return [
        at(action.includes("InstanceProfile") ? `instance-profile/${i.InstanceProfileName}` : `role/${i.RoleName}`),
      ];
    case "kinesis":
      if (i.ConsumerARN) return [i.ConsumerARN];
      if (i.ConsumerName && operation !== "RegisterStreamConsumer")
        return [`${i.StreamARN}/consumer/${i.ConsumerName}:1`];
      // An iterator doesn't say of which stream it is, in a form that could be read here.
      if (i.ShardIterator) return [at("stream/WindDataStream"), at("stream/AnomalyDetectionStream")];
      if (operation === "DescribeLimits") return ["*"];
      return i.StreamARN ? [i.StreamARN] : i.StreamName ? [at(`stream/${i.StreamName}`)] : [];
    case "lambda":
      if (operation === "CreateEventSourceMapping")
        return action === "lambda:TagResource" ? [at("event-source-mapping:new")] : ["*"];
      if (i.UUID) return [at(`event-source-mapping:${i.UUID}`)];
      return operation === "ListEventSourceMappings" ? ["*"] : [at(`function:${i.FunctionName}`)];
    case "logs":
      if (!i.logGroupName) return ["*"];
      if (operation === "CreateLogGroup") return [at(`log-group:${i.logGroupName}`)];
      return [at(`log-group:${i.logGroupName}:${i.logStreamName ? `log-stream:${i.logStreamName}` : "*"}`)];
    case "quotas":
      return [at(`${i.ServiceCode}/${i.QuotaCode}`)];
    case "s3":
      return s3Arns(action, i, at);
    case "scheduler":
      return [
        at(
          /Schedule$/.test(action)
            ? `schedule/${i.GroupName ?? i.Name}/${i.GroupName ? i.Name : "AnomalyMessageDelivery"}`
            : `schedule-group/${i.Name}`,
        ),
      ];
    case "sns":
      return [i.TopicArn ?? at(i.Name)];
    case "ssm":
      return [arn({ ...place, account: "" }, "ssm", `parameter${i.Name}`)];
    default:
      return ["*"];
  }
}

function passedRoles(service: string, i: Input, place: Place): string[] {
  if (service === "ec2") return [arn(place, "iam", `role/${i.IamInstanceProfile.Name}`)];
  if (service === "iam") return [arn(place, "iam", `role/${i.RoleName}`)];
  return [i.Role ?? i.ServiceExecutionRole ?? i.ServiceExecutionRoleUpdate ?? i.Target?.RoleArn].filter(Boolean);
}

function s3Arns(action: string, i: Input, at: (resource: string) => string): string[] {
  const keys: string[] = i.Delete?.Objects.map(({ Key }: { Key: string }) => Key) ?? (i.Key ? [i.Key] : []);
  return /:(Get|Put|Delete)Object/.test(action) ? keys.map((key) => at(`${i.Bucket}/${key}`)) : [at(i.Bucket)];
}

function ec2Arns(
  operation: string,
  action: string,
  i: Input,
  place: Place,
  at: (resource: string) => string,
): string[] {
  if (operation.startsWith("Describe")) return ["*"];
  if (action === "ec2:CreateTags") return [at(operation === "RunInstances" ? "instance/i-1" : "security-group/sg-1")];
  if (operation === "RunInstances") {
    const parts = ["instance/i-1", "network-interface/eni-1", "subnet/subnet-1", "volume/vol-1"];
    const groups = i.SecurityGroupIds.map((id: string) => `security-group/${id}`);
    return [...[...parts, ...groups].map(at), arn({ ...place, account: "" }, "ec2", `image/${i.ImageId}`)];
  }
  if (operation === "CreateSecurityGroup") return [at("security-group/sg-1"), at(`vpc/${i.VpcId}`)];
  return i.GroupId ? [at(`security-group/${i.GroupId}`)] : i.InstanceIds.map((id: string) => at(`instance/${id}`));
}

const PASSED_TO: Record<string, string> = {
  ec2: "ec2.amazonaws.com",
  iam: "ec2.amazonaws.com",
  flink: "kinesisanalytics.amazonaws.com",
  lambda: "lambda.amazonaws.com",
  scheduler: "scheduler.amazonaws.com",
};

/** The condition keys that AWS would know of a call; the resources that it is on are the pipeline's. */
export function judgedContext({ service, operation, input }: MadeCall, pipeline: string, destination: string): Context {
  const specified: { Tags: { Key: string; Value: string }[] }[] = (input as Input).TagSpecifications ?? [];
  const tags = specified.flatMap(({ Tags }) => Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value]));
  return {
    "aws:ResourceTag/windops:pipeline": pipeline,
    "ec2:CreateAction": operation,
    "lambda:FunctionArn": destination,
    ...(operation === "PutMetricData" && { "cloudwatch:namespace": (input as Input).Namespace }),
    ...(PASSED_TO[service] && { "iam:PassedToService": PASSED_TO[service] }),
    ...Object.fromEntries(tags),
  };
}
