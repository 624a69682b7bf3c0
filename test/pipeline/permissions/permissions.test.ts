import { describe, expect, it, test } from "vitest";
import { evaluate } from "../../../src/local/services/iam/evaluation/policy.ts";
import { INLINE_LIMIT, MANAGED_LIMIT, operatorPolicy } from "../../../src/pipeline/permissions/policy.ts";
import type { Where } from "../../../src/pipeline/permissions/resources.ts";
import type { Pipeline } from "../../../src/pipeline/resource.ts";
import { names, type Settings, settingsSchema } from "../../../src/pipeline/settings/config.ts";
import { identities } from "../../../src/pipeline/settings/identities.ts";
import { rolePolicies } from "../../../src/pipeline/settings/policies.ts";
import { scopeFaults } from "../../aws/iam-actions.ts";

function where(given: Partial<Settings> = {}, partition = "aws"): Where {
  const settings: Settings = { ...settingsSchema.parse({}), region: "us-east-1", ...given };
  const target = { kind: "aws", partition, region: settings.region, account: "123456789012" } as const;
  return { target, settings, names: names(settings, target.account) };
}

/** In these the reference names a resource that the service also takes "*" for, and that isn't the pipeline's to narrow. */
const NOT_OURS_TO_NARROW = [/^cloudwatch:GetMetricData: /];
const faults = (document: Parameters<typeof scopeFaults>[0]) =>
  scopeFaults(document).filter((fault) => !NOT_OURS_TO_NARROW.some((known) => known.test(fault)));

describe("the operator's policy", () => {
  const { document, size, parts } = operatorPolicy(where());

  it("names only actions that exist, each on the narrowest resources that it takes", () => {
    expect(faults(document)).toEqual([]);
  });

  it.each([
    ["a role's inline policy", where()],
    ["with a prefix", where({ prefix: "f-" })],
  ])("fits %s", (_, at) => expect(operatorPolicy(at).size).toBeLessThanOrEqual(INLINE_LIMIT));

  it.each([
    ["by default", where()],
    [
      "with the longest prefix, in GovCloud",
      where({ prefix: "twenty-characters-xx", region: "us-gov-east-1" }, "aws-us-gov"),
    ],
  ])("has parts that each fit a managed policy and are the whole together, %s", (_, at) => {
    const whole = operatorPolicy(at);
    for (const part of whole.parts) expect(JSON.stringify(part).length).toBeLessThanOrEqual(MANAGED_LIMIT);
    const pairs = (all: typeof whole.parts) =>
      all.flatMap(({ Statement }) =>
        Statement.flatMap(({ Action, Resource, Condition }) =>
          [Action].flat().flatMap((a) => [Resource!].flat().map((r) => `${a} ${r} ${JSON.stringify(Condition)}`)),
        ),
      );
    expect(pairs(whole.parts).sort()).toEqual(pairs([whole.document]).sort());
  });

  it("has a first part that changes nothing", () => {
    const actions = parts[0]!.Statement.flatMap(({ Action }) => Action);
    expect(actions.filter((a) => !/:(Describe|Filter|Get|List|Query|Scan|Simulate)/.test(a))).toEqual([]);
    expect(size).toBeGreaterThan(JSON.stringify(parts[0]).length);
  });

  test.each([
    ["kinesis:DeleteStream", "arn:aws:kinesis:us-east-1:123456789012:stream/SomebodyElses"],
    ["kinesis:CreateStream", "arn:aws:kinesis:eu-west-1:123456789012:stream/WindDataStream"],
    ["s3:DeleteBucket", "arn:aws:s3:::somebody-elses"],
    ["s3:GetObject", "arn:aws:s3:::somebody-elses/key"],
    ["iam:CreateRole", "arn:aws:iam::123456789012:role/Admin"],
    ["iam:PutRolePolicy", "arn:aws:iam::123456789012:role/windops-flink-us-east-1-x"],
    ["iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/windops-flink-us-east-1"],
    ["lambda:DeleteFunction", "arn:aws:lambda:us-east-1:123456789012:function:Other"],
    ["dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:123456789012:table/Other"],
    ["sns:DeleteTopic", "arn:aws:sns:us-east-1:123456789012:Other"],
    ["kinesisanalytics:DeleteApplication", "arn:aws:kinesisanalytics:us-east-1:123456789012:application/Other"],
    ["logs:DeleteLogGroup", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/Other"],
  ])("doesn't allow %s on %s", (action, resource) => {
    expect(evaluate([document as never], action, resource).decision).toBe("implicitDeny");
  });

  test.each([
    [
      "iam:PassRole",
      identities(where()).arns.role("windops-flink-us-east-1"),
      { "iam:PassedToService": "ec2.amazonaws.com" },
    ],
    [
      "ec2:TerminateInstances",
      "arn:aws:ec2:us-east-1:123456789012:instance/i-1",
      { "aws:ResourceTag/windops:pipeline": "other" },
    ],
    [
      "ec2:RunInstances",
      "arn:aws:ec2:us-east-1:123456789012:instance/*",
      { "aws:RequestTag/windops:pipeline": "other" },
    ],
    [
      "lambda:DeleteEventSourceMapping",
      "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:1",
      { "lambda:FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:Other" },
    ],
  ])("doesn't allow %s on %s under %o", (action, resource, context) => {
    expect(evaluate([document as never], action, resource, context).decision).toBe("implicitDeny");
  });
});

describe("the roles' policies", () => {
  const at = where();
  const policies = rolePolicies(at as Pipeline, identities(at));

  it.each(Object.keys(policies))("%s names actions that exist, each on resources that it takes", (role) => {
    expect(faults(policies[role as keyof typeof policies])).toEqual([]);
  });

  test.each<[keyof typeof policies, string, string]>([
    ["flink", "kinesis:PutRecords", identities(at).arns.inputStream],
    ["flink", "kinesis:GetRecords", identities(at).arns.outputStream],
    ["flink", "s3:PutObject", `${identities(at).arns.bucket}/AnomalyDetection.jar`],
    ["flink", "s3:GetObject", `${identities(at).arns.bucket}/quarantine/x`],
    ["flink", "kinesis:DeleteStream", identities(at).arns.outputStream],
    ["destination", "kinesis:GetRecords", identities(at).arns.inputStream],
    ["destination", "kinesis:PutRecords", identities(at).arns.outputStream],
    ["destination", "dynamodb:DeleteItem", identities(at).arns.table],
    ["destination", "dynamodb:Scan", identities(at).arns.table],
    ["destination", "s3:PutObject", `${identities(at).arns.bucket}/AnomalyDetection.jar`],
    ["destination", "s3:GetObject", `${identities(at).arns.bucket}/quarantine/x`],
    ["destination", "sns:Publish", identities(at).arns.topic],
    ["delivery", "dynamodb:PutItem", identities(at).arns.table],
    ["delivery", "sns:Publish", identities(at).arns.healthTopic],
    ["delivery", "sns:Publish", "arn:aws:sns:us-east-1:123456789012:Other"],
    ["delivery", "lambda:InvokeFunction", identities(at).arns.destinationFunction],
    ["schedule", "lambda:InvokeFunction", identities(at).arns.destinationFunction],
    ["simulator", "kinesis:GetRecords", identities(at).arns.inputStream],
    ["simulator", "kinesis:PutRecords", identities(at).arns.outputStream],
    ["simulator", "s3:GetObject", `${identities(at).arns.bucket}/AnomalyDetection.jar`],
    ["simulator", "s3:PutObject", `${identities(at).arns.bucket}/simulator/windops.tar.gz`],
  ])("%s may not %s on %s", (role, action, resource) => {
    expect(evaluate([policies[role] as never], action, resource).decision).toBe("implicitDeny");
  });
});
