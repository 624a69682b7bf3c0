import { AwsError } from "../../errors.ts";
import type { Call, Operation, RpcService, Stack } from "../../service.ts";
import { mergeTags, type Tag, withoutTags } from "../../wire-values.ts";
import { type Filter, matchesFilters, tagSet } from "./filters.ts";
import { instanceOperations } from "./instances.ts";
import { securityGroupOperations } from "./security-groups.ts";
import { ARCHITECTURES, Ec2State, fixedId, imageId } from "./state.ts";

/**
 * EC2, as far as one small instance in the default network needs it. Instances go through their states and keep what
 * they were launched with; nothing runs in them.
 */
export function ec2(stack: Stack): RpcService {
  const state = new Ec2State(stack);
  return {
    kind: "rpc",
    signingNames: ["ec2"],
    protocol: "ec2",
    namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
    operations: {
      ...instanceOperations(state),
      ...securityGroupOperations(state),
      ...networkOperations(state),
      ...tagOperations(state),
    },
  };
}

function networkOperations(state: Ec2State): Record<string, Operation> {
  const ownerId = state.stack.account;
  return {
    DescribeVpcs(input: { VpcId?: string[]; Filter?: Filter[] }, call: Call) {
      const vpcId = state.vpcId(call.region);
      const other = input.VpcId?.find((id) => id !== vpcId);
      if (other !== undefined) throw new AwsError("InvalidVpcID.NotFound", `The vpc ID '${other}' does not exist`);
      const values = {
        "vpc-id": vpcId,
        "is-default": "true",
        isDefault: "true",
        state: "available",
        cidr: "172.31.0.0/16",
      };
      const vpc = {
        vpcId,
        ownerId,
        state: "available",
        cidrBlock: "172.31.0.0/16",
        instanceTenancy: "default",
        isDefault: true,
        tagSet: [],
      };
      return { vpcSet: matchesFilters(input.Filter, values, []) ? [vpc] : [] };
    },

    DescribeSubnets(input: { SubnetId?: string[]; Filter?: Filter[] }, call: Call) {
      const subnetId = fixedId("subnet", call.region);
      const vpcId = state.vpcId(call.region);
      const zone = `${call.region}a`;
      const other = input.SubnetId?.find((id) => id !== subnetId);
      if (other !== undefined)
        throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${other}' does not exist`);
      const values = {
        "subnet-id": subnetId,
        "vpc-id": vpcId,
        "availability-zone": zone,
        "default-for-az": "true",
        defaultForAz: "true",
        state: "available",
      };
      const subnet = {
        subnetId,
        vpcId,
        ownerId,
        state: "available",
        cidrBlock: "172.31.0.0/20",
        availableIpAddressCount: 4091,
        availabilityZone: zone,
        defaultForAz: true,
        mapPublicIpOnLaunch: true,
        tagSet: [],
      };
      return { subnetSet: matchesFilters(input.Filter, values, []) ? [subnet] : [] };
    },

    DescribeImages(input: { ImageId?: string[]; Owner?: string[]; Filter?: Filter[] }, call: Call) {
      const images = ARCHITECTURES.map((architecture) => ({
        imageId: imageId(call.region, architecture),
        name: `al2023-ami-2023.9.20261101.0-kernel-6.12-${architecture}`,
        description: "Amazon Linux 2023 AMI",
        imageLocation: `amazon/al2023-ami-${architecture}`,
        imageState: "available",
        imageOwnerId: "137112412989",
        imageOwnerAlias: "amazon",
        creationDate: "2026-11-01T00:00:00.000Z",
        isPublic: true,
        architecture,
        imageType: "machine",
        rootDeviceType: "ebs",
        rootDeviceName: "/dev/xvda",
        virtualizationType: "hvm",
        hypervisor: "xen",
        enaSupport: true,
        imdsSupport: "v2.0",
        tagSet: [],
      }));
      const missing = input.ImageId?.find((id) => !images.some((image) => image.imageId === id));
      if (missing !== undefined)
        throw new AwsError("InvalidAMIID.NotFound", `The image id '[${missing}]' does not exist`);
      const owned =
        input.Owner === undefined || input.Owner.some((owner) => owner === "amazon" || owner === "137112412989");
      const wanted = images.filter(
        (image) =>
          owned &&
          (input.ImageId?.includes(image.imageId) ?? true) &&
          matchesFilters(
            input.Filter,
            {
              name: image.name,
              architecture: image.architecture,
              state: "available",
              "owner-alias": "amazon",
              "image-id": image.imageId,
              "virtualization-type": "hvm",
              "root-device-type": "ebs",
            },
            [],
          ),
      );
      return { imagesSet: wanted };
    },
  };
}

function tagOperations(state: Ec2State): Record<string, Operation> {
  const retag = (ids: string[], call: Call, change: (tags: Tag[]) => Tag[]) => {
    const writes = ids.map((id) => {
      if (id.startsWith("i-")) {
        const instance = state.instance(id, call.region);
        return () => state.keep({ ...instance, tags: change(instance.tags) });
      }
      const group = state.group(id, call.region);
      return () => state.groups.put(id, { ...group, tags: change(group.tags) });
    });
    for (const write of writes) write();
    return { return: true };
  };
  return {
    CreateTags: (input: { ResourceId?: string[]; Tag?: Tag[] }, call: Call) =>
      retag(input.ResourceId ?? [], call, (tags) => mergeTags(tags, input.Tag)),
    DeleteTags: (input: { ResourceId?: string[]; Tag?: Tag[] }, call: Call) =>
      retag(input.ResourceId ?? [], call, (tags) =>
        input.Tag
          ? withoutTags(
              tags,
              input.Tag.map((tag) => tag.Key),
            )
          : [],
      ),
    DescribeTags(input: { Filter?: Filter[] }, call: Call) {
      const resources = [
        ...state.instances(call.region).map(({ id, tags }) => ({ id, tags, kind: "instance" })),
        ...state.securityGroups(call.region).map(({ id, tags }) => ({ id, tags, kind: "security-group" })),
      ];
      const rows = resources.flatMap(({ id, tags, kind }) =>
        tagSet(tags).map((tag) => ({ resourceId: id, resourceType: kind, ...tag })),
      );
      const values = (row: (typeof rows)[number]) => ({
        "resource-id": row.resourceId,
        "resource-type": row.resourceType,
        key: row.key,
        value: row.value,
      });
      return { tagSet: rows.filter((row) => matchesFilters(input.Filter, values(row), [])) };
    },
  };
}
