import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { serveStack } from "./serving.ts";

// The stack against clients that aren't the JavaScript SDK, where they are installed: over and above the tests of each
// service, which speak to it with that SDK.

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "windops-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const local = serveStack();

const works = (command: string, ...args: string[]) =>
  run(command, args).then(
    () => true,
    () => false,
  );
const [hasCli, hasBoto] = await Promise.all([works("aws", "--version"), works("python3", "-c", "import boto3")]);

const env = () => ({
  PATH: process.env.PATH,
  HOME: folder,
  AWS_ENDPOINT_URL: local.endpoint,
  AWS_ACCESS_KEY_ID: "AKID",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_PAGER: "",
});
const aws = async (...args: string[]) => (await run("aws", [...args, "--output", "json"], { env: env() })).stdout;

describe.runIf(hasCli)("the aws command", () => {
  it("moves a jar there and back, and empties the bucket", { timeout: 120_000 }, async () => {
    const [there, back] = [join(folder, "there.jar"), join(folder, "back.jar")];
    writeFileSync(there, randomBytes(20 * 1024 * 1024));
    await aws("s3", "mb", "s3://from-the-cli");
    await aws("s3", "cp", there, "s3://from-the-cli/a b/ü.jar", "--no-progress");
    await aws("s3", "cp", "s3://from-the-cli/a b/ü.jar", back, "--no-progress");
    expect(readFileSync(back).equals(readFileSync(there))).toBe(true);
    const url = (await aws("s3", "presign", "s3://from-the-cli/a b/ü.jar")).trim();
    const direct = await fetch(url, { headers: { range: "bytes=0-9" } });
    expect(Buffer.from(await direct.arrayBuffer())).toEqual(readFileSync(there).subarray(0, 10));
    await aws("s3", "rb", "s3://from-the-cli", "--force");
    expect((await aws("s3", "ls")).trim()).toBe("");
  });

  it("reads figures and alarms", { timeout: 120_000 }, async () => {
    await aws("cloudwatch", "put-metric-data", "--namespace", "N", "--metric-name", "m", "--value", "3");
    expect(JSON.parse(await aws("cloudwatch", "list-metrics", "--namespace", "N")).Metrics).toHaveLength(1);
  });
});

const SCRIPT = `
import boto3, json, io
def client(name): return boto3.client(name)
out = {}
sns = client("sns")
topic = sns.create_topic(Name="boto", Attributes={"DisplayName": "Wind"}, Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
sub = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True,
  Attributes={"FilterPolicy": json.dumps({"a": ["b"]})})["SubscriptionArn"]
out["filter"] = sns.get_subscription_attributes(SubscriptionArn=sub)["Attributes"]["FilterPolicy"]
sns.publish(TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "Binary", "BinaryValue": b"\\x00\\x01"}})
iam = client("iam")
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="boto", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
out["trust"] = iam.get_role(RoleName="boto")["Role"]["AssumeRolePolicyDocument"] == trust
try: iam.get_role(RoleName="none")
except iam.exceptions.NoSuchEntityException as e: out["missing"] = str(e)
s3 = client("s3")
s3.create_bucket(Bucket="boto-bucket")
s3.upload_fileobj(io.BytesIO(b"x" * 9000000), "boto-bucket", "k")
out["size"] = s3.head_object(Bucket="boto-bucket", Key="k")["ContentLength"]
out["algorithms"] = [s3.put_object(Bucket="boto-bucket", Key=a, Body=b"123456789", ChecksumAlgorithm=a).get("Checksum" + a) for a in ["CRC32", "SHA1", "SHA256"]]
out["keys"] = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket="boto-bucket", PaginationConfig={"PageSize": 1}) for o in p["Contents"]]
logs = client("logs")
logs.create_log_group(logGroupName="/boto")
logs.create_log_stream(logGroupName="/boto", logStreamName="s")
import time
logs.put_log_events(logGroupName="/boto", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": "hello"}])
out["events"] = [e["message"] for e in logs.filter_log_events(logGroupName="/boto")["events"]]
scheduler = client("scheduler")
scheduler.create_schedule(Name="s", ScheduleExpression="rate(5 minutes)", State="DISABLED", FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": topic, "RoleArn": role["Arn"]})
out["schedule"] = scheduler.get_schedule(Name="s")["ScheduleExpression"]
cloudwatch = client("cloudwatch")
cloudwatch.put_metric_alarm(AlarmName="a", Namespace="N", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.5, ComparisonOperator="LessThanThreshold")
out["alarm"] = cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["Threshold"]
ssm, ec2 = client("ssm"), client("ec2")
image = ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")["Parameter"]["Value"]
run = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1, UserData="#!/bin/sh", TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "W"}]}])
ec2.get_waiter("instance_running").wait(InstanceIds=[run["Instances"][0]["InstanceId"]], WaiterConfig={"Delay": 1})
out["instances"] = len(ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["W"]}])["Reservations"])
out["quota"] = client("service-quotas").get_service_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")["Quota"]["Value"]
out["account"] = client("sts").get_caller_identity()["Account"]
print(json.dumps(out))
`;

describe.runIf(hasBoto)("boto3", () => {
  it("speaks to each service", { timeout: 120_000 }, async () => {
    const { stdout } = await run("python3", ["-c", SCRIPT], { env: env() });
    expect(JSON.parse(stdout)).toEqual({
      filter: '{"a": ["b"]}',
      trust: true,
      missing: expect.stringContaining("The role with name none cannot be found."),
      size: 9_000_000,
      algorithms: ["y/Q5Jg==", "98O8HYCOBHMq32eZZczDTKeuNEE=", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="],
      keys: ["CRC32", "SHA1", "SHA256", "k"],
      events: ["hello"],
      schedule: "rate(5 minutes)",
      alarm: 1.5,
      instances: 1,
      quota: 1000,
      account: "000000000000",
    });
  });
});
