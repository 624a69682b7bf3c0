import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { beforeAll, describe, expect, it } from "vitest";
import { failure, serveStack } from "../../serving.ts";

const local = serveStack();
let iam: IAMClient;
let sts: STSClient;

beforeAll(() => {
  iam = local.client(IAMClient);
  sts = local.client(STSClient);
});

const trust = (Service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  });
const policy = (Action: string | string[], Resource: string | string[], Effect = "Allow") =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect, Action, Resource }] });
const createRole = (RoleName: string, more: object = {}) =>
  iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust("lambda.amazonaws.com"), ...more }));
const stream = "arn:aws:kinesis:us-east-1:000000000000:stream/WindDataStream";

describe("roles", () => {
  it("are made, read, changed and removed", async () => {
    const RoleName = "windops-destination";
    const { Role } = await createRole(RoleName, {
      Path: "/windops/",
      Description: "d & <e>",
      Tags: [{ Key: "a", Value: "1" }],
    });
    expect(Role!.Arn).toBe(`arn:aws:iam::000000000000:role/windops/${RoleName}`);
    expect(Role!.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect((await failure(createRole(RoleName))).name).toBe("EntityAlreadyExistsException");
    const got = (await iam.send(new GetRoleCommand({ RoleName }))).Role!;
    expect(decodeURIComponent(got.AssumeRolePolicyDocument!)).toBe(trust("lambda.amazonaws.com"));
    expect(got).toMatchObject({
      Description: "d & <e>",
      MaxSessionDuration: 3600,
      Tags: [{ Key: "a", Value: "1" }],
      Path: "/windops/",
    });
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust("scheduler.amazonaws.com") }));
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "b", Value: "2" }] }));
    await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["a"] }));
    expect((await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags).toEqual([{ Key: "b", Value: "2" }]);
    await iam.send(new DeleteRoleCommand({ RoleName }));
    expect(await failure(iam.send(new GetRoleCommand({ RoleName })))).toMatchObject({
      name: "NoSuchEntityException",
      status: 404,
    });
  });

  it("can't be deleted while something hangs on them", async () => {
    const RoleName = "busy";
    await createRole(RoleName);
    const remove = () => iam.send(new DeleteRoleCommand({ RoleName }));
    await iam.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName: "inline",
        PolicyDocument: policy("kinesis:PutRecords", stream),
      }),
    );
    expect((await failure(remove())).message).toBe("Cannot delete entity, must delete policies first.");
    expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(["inline"]);
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "inline" }));
    expect(decodeURIComponent(PolicyDocument!)).toBe(policy("kinesis:PutRecords", stream));
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "inline" }));
    const PolicyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    expect((await failure(remove())).name).toBe("DeleteConflictException");
    expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies).toEqual([
      { PolicyName: "AWSLambdaBasicExecutionRole", PolicyArn },
    ]);
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    expect((await failure(iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn })))).name).toBe(
      "NoSuchEntityException",
    );
    const InstanceProfileName = "simulator";
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    const second = iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    expect((await failure(second)).name).toBe("LimitExceededException");
    expect((await failure(remove())).name).toBe("DeleteConflictException");
    expect(
      (await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))).InstanceProfile!.Roles,
    ).toMatchObject([{ RoleName }]);
    expect((await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }))).InstanceProfiles).toHaveLength(1);
    expect((await failure(iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })))).name).toBe(
      "DeleteConflictException",
    );
    await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
    await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
    await remove();
  });

  it("are listed in pages by path", async () => {
    for (const n of [1, 2, 3]) await createRole(`paged-${n}`, { Path: "/paged/" });
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page: any = await iam.send(new ListRolesCommand({ PathPrefix: "/paged/", MaxItems: 2, Marker }));
      names.push(...page.Roles.map((r: any) => r.RoleName));
      expect(page.IsTruncated).toBe(page.Marker !== undefined);
      Marker = page.Marker;
    } while (Marker);
    expect(names).toEqual(["paged-1", "paged-2", "paged-3"]);
  });

  it.each([
    ["not JSON", "{"],
    ["no statement", '{"Version":"2012-10-17"}'],
    ["an effect that isn't one", policy("s3:GetObject", "*", "Maybe")],
    ["an action without service", policy("GetObject", "*")],
    ["a resource that is no ARN", policy("s3:GetObject", "my-bucket")],
    ["no resource", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}'],
    [
      "a principal",
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}',
    ],
    ["a misspelt element", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Actions":"s3:*","Resource":"*"}]}'],
  ])("refuse a policy with %s", async (_, PolicyDocument) => {
    await createRole("checked").catch(() => {});
    const put = iam.send(new PutRolePolicyCommand({ RoleName: "checked", PolicyName: "p", PolicyDocument }));
    expect((await failure(put)).name).toBe("MalformedPolicyDocumentException");
  });

  it("refuse a name or trust policy that IAM would refuse", async () => {
    expect((await failure(createRole("bad name"))).name).toBe("ValidationError");
    expect((await failure(createRole("r", { AssumeRolePolicyDocument: policy("sts:AssumeRole", "*") }))).name).toBe(
      "MalformedPolicyDocumentException",
    );
  });
});

describe("managed policies", () => {
  it("have versions, and hold on while attached", async () => {
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: "managed", PolicyDocument: policy("s3:GetObject", "arn:aws:s3:::b/*") }),
    );
    const PolicyArn = Policy!.Arn!;
    await createRole("holder");
    await iam.send(new AttachRolePolicyCommand({ RoleName: "holder", PolicyArn }));
    expect((await failure(iam.send(new DeletePolicyCommand({ PolicyArn })))).name).toBe("DeleteConflictException");
    expect((await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).PolicyRoles).toMatchObject([
      { RoleName: "holder" },
    ]);
    const changed = policy("s3:PutObject", "arn:aws:s3:::b/*");
    await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: changed, SetAsDefault: true }));
    const version = (await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v2" }))).PolicyVersion!;
    expect(version).toMatchObject({
      IsDefaultVersion: true,
      Document: encodeURIComponent(changed).replace(/\*/g, "%2A"),
    });
    await iam.send(new DetachRolePolicyCommand({ RoleName: "holder", PolicyArn }));
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
  });
});

describe("the policy simulator", () => {
  it("judges a role by its inline and managed policies", async () => {
    const RoleName = "simulated";
    const { Role } = await createRole(RoleName);
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: "write", PolicyDocument: policy(["kinesis:Put*"], stream) }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName: "never",
        PolicyDocument: policy("kinesis:PutRecord", "*", "Deny"),
      }),
    );
    const answer = await iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: Role!.Arn,
        ActionNames: ["kinesis:PutRecords", "kinesis:PutRecord", "kinesis:GetRecords"],
        ResourceArns: [stream, `${stream}2`],
      }),
    );
    expect(answer.EvaluationResults!.map((r) => r.EvalDecision)).toEqual([
      "allowed",
      "implicitDeny",
      "explicitDeny",
      "explicitDeny",
      "implicitDeny",
      "implicitDeny",
    ]);
  });

  it("judges policies that aren't anybody's, with a context", async () => {
    const PolicyInputList = [
      JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: "*",
          Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } },
        },
      }),
    ];
    const ask = async (ContextKeyValues?: string[]) => {
      const ContextEntries = ContextKeyValues && [
        { ContextKeyName: "iam:PassedToService", ContextKeyType: "string" as const, ContextKeyValues },
      ];
      return (
        await iam.send(
          new SimulateCustomPolicyCommand({ PolicyInputList, ActionNames: ["iam:PassRole"], ContextEntries }),
        )
      ).EvaluationResults![0]!;
    };
    expect((await ask(["lambda.amazonaws.com"])).EvalDecision).toBe("allowed");
    expect((await ask(["ec2.amazonaws.com"])).EvalDecision).toBe("implicitDeny");
    expect((await ask()).MissingContextValues).toEqual(["iam:PassedToService"]);
  });
});

describe("STS", () => {
  it("says who calls", async () => {
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: "000000000000",
      Arn: "arn:aws:iam::000000000000:user/windops",
    });
  });

  it("gives credentials for a role that is there", async () => {
    const { Role } = await createRole("assumed");
    const answer = await sts.send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: "s1" }));
    expect(answer.AssumedRoleUser!.Arn).toBe("arn:aws:sts::000000000000:assumed-role/assumed/s1");
    expect(answer.Credentials!.Expiration!.getTime()).toBeGreaterThan(Date.now());
    expect(
      (await failure(sts.send(new AssumeRoleCommand({ RoleArn: `${Role!.Arn}2`, RoleSessionName: "s1" })))).name,
    ).toBe("AccessDenied");
  });
});
