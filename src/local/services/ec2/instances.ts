import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import { booleanOf, integerOf, pageOf, type Tag } from "../../wire-values.ts";
import { type Filter, matchesFilters, specifiedTags, tagSet } from "./filters.ts";
import { ARCHITECTURES, architectureOf, type Ec2State, fixedId, type Instance, imageId, newId } from "./state.ts";

interface RunInput {
  ImageId?: string;
  InstanceType?: string;
  MinCount?: unknown;
  MaxCount?: unknown;
  KeyName?: string;
  SecurityGroupId?: string[];
  SubnetId?: string;
  UserData?: string;
  TagSpecification?: { ResourceType?: string; Tag?: Tag[] }[];
  MetadataOptions?: { HttpTokens?: string; HttpEndpoint?: string; HttpPutResponseHopLimit?: string };
  IamInstanceProfile?: { Name?: string; Arn?: string };
  InstanceInitiatedShutdownBehavior?: string;
  ClientToken?: string;
  DryRun?: unknown;
}

const MAX_USER_DATA = 16_384;

const invalid = (message: string) => new AwsError("InvalidParameterValue", message);

export function instanceOperations(state: Ec2State): Record<string, Operation> {
  const { stack } = state;
  const shape = (instance: Instance) => ({
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: state.stateOf(instance),
    privateDnsName: `ip-${instance.privateIp.replaceAll(".", "-")}.ec2.internal`,
    dnsName: "",
    reason: instance.terminated === undefined ? "" : `User initiated (${new Date(instance.terminated).toISOString()})`,
    keyName: instance.keyName,
    amiLaunchIndex: instance.index,
    productCodes: [],
    instanceType: instance.type,
    launchTime: new Date(instance.launched),
    placement: { availabilityZone: `${instance.region}a`, groupName: "", tenancy: "default" },
    monitoring: { state: "disabled" },
    subnetId: instance.subnetId,
    vpcId: state.vpcId(instance.region),
    privateIpAddress: instance.privateIp,
    sourceDestCheck: true,
    groupSet: groupSet(instance),
    architecture: architectureOf(instance.type),
    rootDeviceType: "ebs",
    rootDeviceName: "/dev/xvda",
    blockDeviceMapping: [],
    virtualizationType: "hvm",
    clientToken: instance.clientToken ?? "",
    tagSet: tagSet(instance.tags),
    hypervisor: "xen",
    iamInstanceProfile: instance.profileArn && { arn: instance.profileArn, id: instance.profileId },
    ebsOptimized: false,
    enaSupport: true,
    metadataOptions: { state: "applied", ...instance.metadata, instanceMetadataTags: "disabled" },
    platformDetails: "Linux/UNIX",
  });
  const groupSet = (instance: Instance) =>
    instance.groups.map((id) => ({
      groupId: id,
      groupName: state.securityGroups(instance.region).find((g) => g.id === id)?.name ?? id,
    }));
  const reservations = (instances: Instance[]) => {
    const ids = [...new Set(instances.map((instance) => instance.reservation))];
    return ids.map((reservationId) => ({
      reservationId,
      ownerId: stack.account,
      groupSet: [],
      instancesSet: instances.filter((instance) => instance.reservation === reservationId).map(shape),
    }));
  };
  const filterValues = (instance: Instance) => ({
    "instance-id": instance.id,
    "instance-state-name": state.stateOf(instance).name,
    "instance-type": instance.type,
    "image-id": instance.imageId,
    "vpc-id": state.vpcId(instance.region),
    "client-token": instance.clientToken,
    "iam-instance-profile.arn": instance.profileArn,
    "instance.group-id": instance.groups,
    "reservation-id": instance.reservation,
  });

  return {
    async RunInstances(input: RunInput, call: Call) {
      const known = state
        .instances(call.region)
        .filter((i) => input.ClientToken !== undefined && i.clientToken === input.ClientToken);
      if (known.length > 0) return reservations(known)[0];
      const checked = await checkRun(input, state, call);
      if (booleanOf(input.DryRun))
        throw new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
      const reservation = newId("r");
      const launched = stack.now();
      for (let index = 0; index < checked.count; index++) {
        const id = newId("i");
        const privateIp = `172.31.${Number.parseInt(id.slice(-4, -2), 16) % 16}.${(Number.parseInt(id.slice(-2), 16) % 250) + 4}`;
        state.keep({ ...checked.instance, id, index, reservation, launched, privateIp });
      }
      return reservations(state.instances(call.region).filter((i) => i.reservation === reservation))[0];
    },

    DescribeInstances(
      input: { InstanceId?: string[]; Filter?: Filter[]; MaxResults?: unknown; NextToken?: string },
      call: Call,
    ) {
      const asked = input.InstanceId?.map((id) => state.instance(id, call.region)) ?? state.instances(call.region);
      const wanted = asked.filter((instance) => matchesFilters(input.Filter, filterValues(instance), instance.tags));
      const size = integerOf(input.MaxResults, "maxResults", [5, 1000], 1000, "InvalidParameterValue");
      const bad = () => new AwsError("InvalidNextToken", "The token is invalid.");
      const page = pageOf(wanted, { key: (i) => `${i.launched}/${i.id}`, size, token: input.NextToken, invalid: bad });
      return { reservationSet: reservations(page.items), nextToken: page.token };
    },

    TerminateInstances(input: { InstanceId?: string[] }, call: Call) {
      const instances = (input.InstanceId ?? []).map((id) => state.instance(id, call.region));
      if (instances.length === 0)
        throw new AwsError("MissingParameter", "The request must contain the parameter InstanceId");
      const instancesSet = instances.map((instance) => {
        const previousState = state.stateOf(instance);
        const ended = { ...instance, terminated: instance.terminated ?? stack.now() };
        state.keep(ended);
        return { instanceId: instance.id, currentState: state.stateOf(ended), previousState };
      });
      return { instancesSet };
    },

    DescribeInstanceAttribute(input: { InstanceId?: string; Attribute?: string }, call: Call) {
      const instance = state.instance(input.InstanceId ?? "", call.region);
      const attributes: Record<string, unknown> = {
        userData: { value: instance.userData },
        instanceType: { value: instance.type },
        instanceInitiatedShutdownBehavior: { value: instance.shutdownBehavior },
        disableApiTermination: { value: false },
      };
      const name = input.Attribute ?? "";
      if (!Object.hasOwn(attributes, name)) throw invalid(`Value (${name}) for parameter attribute is invalid.`);
      return { instanceId: instance.id, [name]: attributes[name] };
    },
  };
}

async function checkRun(input: RunInput, state: Ec2State, call: Call) {
  const { ImageId: image = "", InstanceType: type = "m1.small" } = input;
  const [least, most] = [Number(input.MinCount), Number(input.MaxCount)];
  if (!(least >= 1 && most >= least && most <= 20))
    throw invalid(`Value (${input.MaxCount}) for parameter maxCount is invalid.`);
  if (!/^ami-[0-9a-f]{8,17}$/.test(image))
    throw new AwsError("InvalidAMIID.Malformed", `Invalid id: "${image}" (expecting "ami-...")`);
  const architecture = ARCHITECTURES.find((a) => imageId(call.region, a) === image);
  if (!architecture) throw new AwsError("InvalidAMIID.NotFound", `The image id '[${image}]' does not exist`);
  if (!/^[a-z]+[\w-]*\.[a-z0-9]+$/.test(type)) throw invalid(`Invalid value '${type}' for InstanceType.`);
  if (architectureOf(type) !== architecture)
    throw invalid(
      `The architecture '${architectureOf(type)}' of the specified instance type does not match the architecture '${architecture}' of the specified AMI.`,
    );
  const groups = input.SecurityGroupId ?? [state.securityGroups(call.region).find((g) => g.name === "default")!.id];
  for (const id of groups) state.group(id, call.region);
  if (input.SubnetId && input.SubnetId !== fixedId("subnet", call.region))
    throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${input.SubnetId}' does not exist`);
  const behavior = input.InstanceInitiatedShutdownBehavior ?? "stop";
  if (!["stop", "terminate"].includes(behavior))
    throw invalid(`Value (${behavior}) for parameter instanceInitiatedShutdownBehavior is invalid.`);
  const tokens = input.MetadataOptions?.HttpTokens ?? "optional";
  if (!["optional", "required"].includes(tokens))
    throw invalid(`Value (${tokens}) for parameter httpTokens is invalid.`);
  checkUserData(input.UserData);
  const profile = await findProfile(input.IamInstanceProfile, state, call);
  const instance: Omit<Instance, "id" | "index" | "reservation" | "launched" | "privateIp"> = {
    region: call.region,
    imageId: image,
    type,
    terminated: undefined,
    subnetId: fixedId("subnet", call.region),
    groups,
    profileArn: profile?.Arn,
    profileId: profile?.InstanceProfileId,
    keyName: input.KeyName,
    userData: input.UserData,
    metadata: {
      httpTokens: tokens,
      httpEndpoint: input.MetadataOptions?.HttpEndpoint ?? "enabled",
      httpPutResponseHopLimit: Number(input.MetadataOptions?.HttpPutResponseHopLimit ?? 1),
    },
    shutdownBehavior: behavior,
    clientToken: input.ClientToken,
    tags: specifiedTags(input.TagSpecification, "instance"),
  };
  return { instance, count: most };
}

function checkUserData(userData: string | undefined): void {
  if (userData === undefined) return;
  const bytes = Buffer.from(userData, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") !== userData.replace(/=+$/, ""))
    throw new AwsError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  if (bytes.length > MAX_USER_DATA) throw invalid(`User data is limited to ${MAX_USER_DATA} bytes`);
}

async function findProfile(given: RunInput["IamInstanceProfile"], state: Ec2State, call: Call) {
  if (!given) return undefined;
  const name = given.Name ?? given.Arn?.slice(given.Arn.lastIndexOf("/") + 1);
  try {
    const { InstanceProfile } = await state.stack.call(
      "iam",
      "GetInstanceProfile",
      { InstanceProfileName: name },
      call.region,
    );
    return InstanceProfile as { Arn: string; InstanceProfileId: string };
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "NoSuchEntity")) throw error;
    const field = given.Name === undefined ? "arn" : "name";
    throw invalid(
      `Value (${given[field === "arn" ? "Arn" : "Name"]}) for parameter iamInstanceProfile.${field} is invalid. Invalid IAM Instance Profile ${field}`,
    );
  }
}
