import { DescribeInstancesCommand, RunInstancesCommand, TerminateInstancesCommand } from "../../../aws/ec2.ts";
import { GetParameterCommand } from "../../../aws/ssm.ts";
import type { Pipeline, Resource } from "../../resource.ts";
import { identities, ids } from "../../settings/identities.ts";
import { fromList, type Tags, toList } from "../../settings/tags.ts";
import { userData } from "./user-data.ts";

export interface InstanceState {
  id: string;
  tags: Tags;
  /** pending, running, stopping … */
  status: string;
  launched: string | undefined;
  /** ISO 8601: when it ends itself. */
  until: string | undefined;
}

/** How the simulator shall run: needed only to start it. */
export interface SimulatorPlan {
  code: { key: string; sha256: string };
  until: Date;
  simulate: string[];
}

const UNTIL_TAG = "windops:until";
const INSTANCE_TYPE = "t4g.micro";
const IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
const DISK_GIGABYTES = 8;

/** The instance "Wind Turbine Simulator". Terminated when it shuts down, which it does by itself. */
export function instance(pipeline: Pipeline, plan?: SimulatorPlan): Resource<InstanceState> {
  const { clients, names, target, tags: wanted } = pipeline;
  const { simulatorInstance: name, roles } = identities(pipeline);
  return {
    id: ids.instance,
    type: "EC2 instance",
    name,
    step: "simulator",
    needs: [ids.instanceProfile, ids.securityGroup, ids.simulatorCode],
    async read() {
      const ec2 = await clients.ec2();
      // Terminated ones are listed for an hour.
      const Filters = [
        { Name: "tag:Name", Values: [name] },
        { Name: "instance-state-name", Values: ["pending", "running", "shutting-down", "stopping", "stopped"] },
      ];
      const found = (await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations?.[0]?.Instances?.[0];
      const tags = fromList(found?.Tags);
      return (
        found && {
          id: found.InstanceId!,
          tags,
          status: found.State?.Name ?? "",
          launched: found.LaunchTime?.toISOString(),
          until: tags[UNTIL_TAG],
        }
      );
    },
    pending: ({ status }) => (status === "running" ? undefined : status),
    tags: (state) => state.tags,
    // What runs is left as it is until it ends, or is taken down.
    diff: () => [],
    async create() {
      const [ec2, ssm] = await Promise.all([clients.ec2(), clients.ssm()]);
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: IMAGE }));
      const group = await securityGroupId(pipeline);
      const { code, until, simulate } = plan!;
      const tags = { ...wanted, Name: name, [UNTIL_TAG]: until.toISOString() };
      const script = userData({
        region: target.region,
        stream: names.inputStream,
        bucket: names.bucket,
        codeKey: code.key,
        codeSha256: code.sha256,
        until,
        simulate,
      });
      await ec2.send(
        new RunInstancesCommand({
          ImageId: Parameter!.Value!,
          InstanceType: INSTANCE_TYPE,
          MinCount: 1,
          MaxCount: 1,
          // The same request again, after an answer that was lost, is the same instance.
          ClientToken: `${names.pipeline}-${until.getTime()}`,
          SecurityGroupIds: [group],
          IamInstanceProfile: { Name: roles.simulator },
          MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1, HttpEndpoint: "enabled" },
          InstanceInitiatedShutdownBehavior: "terminate",
          BlockDeviceMappings: [
            {
              DeviceName: "/dev/xvda",
              Ebs: { VolumeSize: DISK_GIGABYTES, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true },
            },
          ],
          UserData: Buffer.from(script).toString("base64"),
          TagSpecifications: [{ ResourceType: "instance", Tags: toList(tags) }],
        }),
      );
    },
    async remove({ id, status }) {
      if (status === "shutting-down") return;
      const ec2 = await clients.ec2();
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    },
    // An instance profile just made isn't known to EC2 yet; an instance just made isn't listed everywhere.
    passes: ({ name, message }) =>
      (name === "InvalidParameterValue" && /iamInstanceProfile/i.test(message)) ||
      name === "InvalidInstanceID.NotFound",
  };
}

async function securityGroupId(pipeline: Pipeline): Promise<string> {
  const { securityGroup } = await import("./network.ts");
  const state = await securityGroup(pipeline).read();
  if (state === undefined)
    throw Object.assign(new Error("The group isn't listed yet"), { name: "InvalidGroup.NotFound" });
  return state.id;
}
