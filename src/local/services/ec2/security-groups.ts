import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Call, Operation } from "../../service.ts";
import type { Tag } from "../../wire-values.ts";
import { type Filter, matchesFilters, specifiedTags, tagSet } from "./filters.ts";
import { type Ec2State, everywhere, newId, type Permission, type SecurityGroup } from "./state.ts";

interface PermissionInput {
  IpProtocol?: string;
  FromPort?: unknown;
  ToPort?: unknown;
  IpRanges?: { CidrIp?: string; Description?: string }[];
  Ipv6Ranges?: { CidrIpv6?: string; Description?: string }[];
  Groups?: { GroupId?: string }[];
}

interface RuleInput {
  GroupId?: string;
  IpPermissions?: PermissionInput[];
}

export function securityGroupOperations(state: Ec2State): Record<string, Operation> {
  const shape = (group: SecurityGroup) => ({
    groupId: group.id,
    groupName: group.name,
    groupDescription: group.description,
    ownerId: state.stack.account,
    vpcId: state.vpcId(group.region),
    ipPermissions: group.ingress,
    ipPermissionsEgress: group.egress,
    tagSet: tagSet(group.tags),
    securityGroupArn: `arn:${partitionOf(group.region)}:ec2:${group.region}:${state.stack.account}:security-group/${group.id}`,
  });
  const keep = (group: SecurityGroup) => state.groups.put(group.id, group);
  const change = (direction: "ingress" | "egress", kind: "authorize" | "revoke") => (input: RuleInput, call: Call) => {
    const group = state.group(input.GroupId ?? "", call.region);
    const given = (input.IpPermissions ?? []).map((permission) => permissionOf(permission, state.stack.account));
    if (given.length === 0)
      throw new AwsError("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided");
    const present = group[direction];
    const same = (a: Permission) => (b: Permission) => JSON.stringify(a) === JSON.stringify(b);
    const wrong = given.find((p) => present.some(same(p)) === (kind === "authorize"));
    if (wrong)
      throw kind === "authorize"
        ? new AwsError("InvalidPermission.Duplicate", `the specified rule "${JSON.stringify(wrong)}" already exists`)
        : new AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    const rules = kind === "authorize" ? [...present, ...given] : present.filter((p) => !given.some((g) => same(g)(p)));
    keep({ ...group, [direction]: rules });
    return { return: true };
  };
  return {
    CreateSecurityGroup(
      input: {
        GroupName?: string;
        GroupDescription?: string;
        VpcId?: string;
        TagSpecification?: { ResourceType?: string; Tag?: Tag[] }[];
      },
      call: Call,
    ) {
      const { GroupName: name = "", GroupDescription: description = "", VpcId: vpc = state.vpcId(call.region) } = input;
      if (vpc !== state.vpcId(call.region))
        throw new AwsError("InvalidVpcID.NotFound", `The vpc ID '${vpc}' does not exist`);
      if (!/^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/.test(name) || name.startsWith("sg-"))
        throw new AwsError("InvalidParameterValue", `Value (${name}) for parameter groupName is invalid.`);
      if (!/^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/.test(description))
        throw new AwsError(
          "InvalidParameterValue",
          `Value (${description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`,
        );
      if (state.securityGroups(call.region).some((group) => group.name === name))
        throw new AwsError("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpc}'`);
      const tags = specifiedTags(input.TagSpecification, "security-group");
      const group: SecurityGroup = {
        id: newId("sg"),
        region: call.region,
        name,
        description,
        ingress: [],
        egress: [everywhere()],
        tags,
      };
      keep(group);
      return { return: true, groupId: group.id, tagSet: tagSet(tags), securityGroupArn: shape(group).securityGroupArn };
    },

    DescribeSecurityGroups(input: { GroupId?: string[]; GroupName?: string[]; Filter?: Filter[] }, call: Call) {
      const asked = input.GroupId?.map((id) => state.group(id, call.region)) ?? state.securityGroups(call.region);
      const missing = input.GroupName?.find((name) => !asked.some((group) => group.name === name));
      if (missing !== undefined)
        throw new AwsError(
          "InvalidGroup.NotFound",
          `The security group '${missing}' does not exist in default VPC '${state.vpcId(call.region)}'`,
        );
      const values = (group: SecurityGroup) => ({
        "group-id": group.id,
        "group-name": group.name,
        description: group.description,
        "vpc-id": state.vpcId(group.region),
      });
      const wanted = asked.filter(
        (group) =>
          (input.GroupName?.includes(group.name) ?? true) && matchesFilters(input.Filter, values(group), group.tags),
      );
      return { securityGroupInfo: wanted.map(shape) };
    },

    DeleteSecurityGroup(input: { GroupId?: string; GroupName?: string }, call: Call) {
      const { GroupName: name } = input;
      const id =
        input.GroupId ?? state.securityGroups(call.region).find((group) => group.name === name)?.id ?? name ?? "";
      const group = state.group(id, call.region);
      if (group.name === "default")
        throw new AwsError("CannotDelete", `the specified group: "${id}" name: "default" cannot be deleted by a user`);
      const used = state
        .instances(call.region)
        .some((i) => i.groups.includes(id) && state.stateOf(i).name !== "terminated");
      if (used) throw new AwsError("DependencyViolation", `resource ${id} has a dependent object`);
      state.groups.delete(id);
      return { return: true, groupId: id };
    },

    AuthorizeSecurityGroupIngress: change("ingress", "authorize"),
    AuthorizeSecurityGroupEgress: change("egress", "authorize"),
    RevokeSecurityGroupIngress: change("ingress", "revoke"),
    RevokeSecurityGroupEgress: change("egress", "revoke"),
  };
}

function permissionOf(input: PermissionInput, account: string): Permission {
  const { IpProtocol: protocol = "" } = input;
  if (!/^(-1|tcp|udp|icmp|icmpv6|\d{1,3})$/.test(protocol))
    throw new AwsError("InvalidPermission.Malformed", `Invalid protocol: '${protocol}'`);
  const ports = ["tcp", "udp"].includes(protocol);
  const [fromPort, toPort] = [Number(input.FromPort), Number(input.ToPort)];
  if (ports && !(fromPort >= 0 && toPort >= fromPort && toPort <= 65_535))
    throw new AwsError(
      "InvalidParameterValue",
      `Invalid value for portRange. Must specify both from and to ports with TCP/UDP.`,
    );
  for (const { CidrIp: cidr = "" } of input.IpRanges ?? [])
    if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(cidr))
      throw new AwsError("InvalidParameterValue", `CIDR block ${cidr} is malformed`);
  return {
    ipProtocol: protocol,
    ...(ports ? { fromPort, toPort } : {}),
    ipRanges: (input.IpRanges ?? []).map(({ CidrIp, Description }) => ({
      cidrIp: CidrIp!,
      ...(Description && { description: Description }),
    })),
    ipv6Ranges: (input.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({
      cidrIpv6: CidrIpv6!,
      ...(Description && { description: Description }),
    })),
    groups: (input.Groups ?? []).map(({ GroupId }) => ({ userId: account, groupId: GroupId! })),
  };
}
