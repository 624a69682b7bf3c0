import {
  AuthorizeSecurityGroupEgressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
  EC2Client,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateInstanceProfileCommand, IAMClient } from "@aws-sdk/client-iam";
import { GetServiceQuotaCommand, ListServiceQuotasCommand, ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { beforeAll, describe, expect, it } from "vitest";
import { failure, serveStack } from "../serving.ts";

let now = Date.parse("2026-11-23T10:00:00Z");
const local = serveStack({ now: () => now });
let ec2: EC2Client;
let ssm: SSMClient;
let ImageId: string;
const userData = Buffer.from("#!/bin/bash\necho simulate\n").toString("base64");

beforeAll(async () => {
  ec2 = local.client(EC2Client);
  ssm = local.client(SSMClient);
  const Name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
  ImageId = (await ssm.send(new GetParameterCommand({ Name }))).Parameter!.Value!;
  await local.client(IAMClient).send(new CreateInstanceProfileCommand({ InstanceProfileName: "simulator" }));
});

const run = (more: object = {}) =>
  ec2.send(new RunInstancesCommand({ ImageId, InstanceType: "t4g.nano", MinCount: 1, MaxCount: 1, ...more }));
const describeOne = async (id: string) =>
  (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!;

describe("an instance", () => {
  it("goes through its states with what it was launched with", async () => {
    const Tags = [{ Key: "Name", Value: "Wind Turbine Simulator" }];
    const launched = await run({
      UserData: userData,
      IamInstanceProfile: { Name: "simulator" },
      MetadataOptions: { HttpTokens: "required" },
      InstanceInitiatedShutdownBehavior: "terminate",
      TagSpecifications: [{ ResourceType: "instance", Tags }],
    });
    const { InstanceId } = launched.Instances![0]!;
    expect(launched.Instances![0]!.State).toEqual({ Code: 0, Name: "pending" });
    now += 5000;
    const running = await describeOne(InstanceId!);
    expect(running).toMatchObject({
      State: { Code: 16, Name: "running" },
      ImageId,
      InstanceType: "t4g.nano",
      Architecture: "arm64",
      LaunchTime: new Date(now - 5000),
      IamInstanceProfile: { Arn: "arn:aws:iam::000000000000:instance-profile/simulator" },
      MetadataOptions: { HttpTokens: "required" },
      Tags,
    });
    const attribute = await ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }));
    expect(attribute.UserData!.Value).toBe(userData);
    const find = async (Filters: object[]) =>
      (await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations!.flatMap((r) =>
        r.Instances!.map((i) => i.InstanceId),
      );
    const named = { Name: "tag:Name", Values: ["Wind*"] };
    expect(await find([named, { Name: "instance-state-name", Values: ["pending", "running"] }])).toEqual([InstanceId]);
    const ended = await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId!] }));
    expect(ended.TerminatingInstances).toMatchObject([
      { CurrentState: { Name: "shutting-down" }, PreviousState: { Name: "running" } },
    ]);
    now += 5000;
    expect((await describeOne(InstanceId!)).State!.Name).toBe("terminated");
    expect(await find([named, { Name: "instance-state-name", Values: ["pending", "running"] }])).toEqual([]);
    now += 3_700_000;
    expect((await failure(describeOne(InstanceId!))).name).toBe("InvalidInstanceID.NotFound");
  });

  it("is launched once for a client token, and several at a time", async () => {
    const first = await run({ ClientToken: "once", MinCount: 2, MaxCount: 2 });
    const second = await run({ ClientToken: "once", MinCount: 2, MaxCount: 2 });
    expect(first.Instances).toHaveLength(2);
    expect(second.Instances!.map((i) => i.InstanceId)).toEqual(first.Instances!.map((i) => i.InstanceId));
  });

  it.each([
    ["InvalidAMIID.NotFound", { ImageId: "ami-0123456789abcdef0" }],
    ["InvalidAMIID.Malformed", { ImageId: "linux" }],
    ["InvalidParameterValue", { InstanceType: "t3.nano" }],
    ["InvalidParameterValue", { IamInstanceProfile: { Name: "none" } }],
    ["InvalidParameterValue", { UserData: Buffer.alloc(16_385, 65).toString("base64") }],
    ["InvalidUserData.Malformed", { UserData: "#!/bin/bash" }],
    ["InvalidGroup.NotFound", { SecurityGroupIds: ["sg-0123456789abcdef0"] }],
    ["DryRunOperation", { DryRun: true }],
  ])("isn't launched: %s for %j", async (name, more) => {
    expect((await failure(run(more))).name).toBe(name);
  });
});

describe("security groups", () => {
  it("have no way in, and are deleted when nothing uses them", async () => {
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }));
    const VpcId = Vpcs![0]!.VpcId;
    const tag = { Key: "windops:pipeline", Value: "a" };
    const make = { GroupName: "simulator", Description: "No way in", VpcId };
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ ...make, TagSpecifications: [{ ResourceType: "security-group", Tags: [tag] }] }),
    );
    expect((await failure(ec2.send(new CreateSecurityGroupCommand(make)))).name).toBe("InvalidGroup.Duplicate");
    const get = async () =>
      (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId!] }))).SecurityGroups![0]!;
    const everything = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
    expect(await get()).toMatchObject({
      GroupName: "simulator",
      IpPermissions: [],
      IpPermissionsEgress: everything,
      Tags: [tag],
    });
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: everything }));
    const https = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
    await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: https }));
    const again = ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: https }));
    expect((await failure(again)).name).toBe("InvalidPermission.Duplicate");
    expect((await get()).IpPermissionsEgress).toMatchObject(https);
    const { Instances } = await run({ SecurityGroupIds: [GroupId!] });
    const remove = () => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    expect((await failure(remove())).name).toBe("DependencyViolation");
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [Instances![0]!.InstanceId!] }));
    now += 5000;
    await remove();
    expect((await failure(get())).name).toBe("InvalidGroup.NotFound");
    expect(
      (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId!] }] }))).Subnets,
    ).toHaveLength(1);
  });

  it("and instances can be tagged later", async () => {
    const { Instances } = await run();
    const id = Instances![0]!.InstanceId!;
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "a", Value: "1" }] }));
    const { Tags } = await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] }));
    expect(Tags).toEqual([{ ResourceId: id, ResourceType: "instance", Key: "a", Value: "1" }]);
  });
});

describe("images and parameters", () => {
  it("name Amazon Linux by region and architecture", async () => {
    const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
    expect(Images).toMatchObject([{ ImageId, Architecture: "arm64", OwnerId: "137112412989", State: "available" }]);
    const elsewhere = local.client(SSMClient, { region: "eu-west-1" });
    const Name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
    expect((await elsewhere.send(new GetParameterCommand({ Name }))).Parameter!.Value).not.toBe(ImageId);
  });

  it("are kept, changed and removed", async () => {
    const put = (more: object) =>
      ssm.send(new PutParameterCommand({ Name: "/windops/a", Value: "1", Type: "String", ...more }));
    expect((await put({})).Version).toBe(1);
    expect((await failure(put({}))).name).toBe("ParameterAlreadyExists");
    expect((await put({ Value: "2", Overwrite: true })).Version).toBe(2);
    expect((await ssm.send(new GetParameterCommand({ Name: "/windops/a" }))).Parameter).toMatchObject({
      Value: "2",
      Version: 2,
    });
    expect((await failure(put({ Name: "/windops/b", Type: "SecureString" }))).name).toBe("UnsupportedParameterType");
    await ssm.send(new DeleteParameterCommand({ Name: "/windops/a" }));
    expect((await failure(ssm.send(new GetParameterCommand({ Name: "/windops/a" })))).name).toBe("ParameterNotFound");
  });
});

describe("quotas", () => {
  it("are AWS's defaults", async () => {
    const quotas = local.client(ServiceQuotasClient);
    const { Quota } = await quotas.send(new GetServiceQuotaCommand({ ServiceCode: "lambda", QuotaCode: "L-B99A9384" }));
    expect(Quota).toMatchObject({ QuotaName: "Concurrent executions", Value: 1000, Adjustable: true });
    expect((await quotas.send(new ListServiceQuotasCommand({ ServiceCode: "iam" }))).Quotas).toHaveLength(1);
    const none = quotas.send(new GetServiceQuotaCommand({ ServiceCode: "lambda", QuotaCode: "L-00000000" }));
    expect((await failure(none)).name).toBe("NoSuchResourceException");
  });
});
