import { createHash, randomBytes } from "node:crypto";
import { AwsError } from "../../errors.ts";
import type { Stack, Store } from "../../service.ts";
import type { Tag } from "../../wire-values.ts";

export interface Instance {
  id: string;
  region: string;
  reservation: string;
  imageId: string;
  type: string;
  /** Milliseconds since the epoch. */
  launched: number;
  terminated: number | undefined;
  index: number;
  subnetId: string;
  groups: string[];
  profileArn: string | undefined;
  profileId: string | undefined;
  keyName: string | undefined;
  /** Base64. */
  userData: string | undefined;
  metadata: { httpTokens: string; httpEndpoint: string; httpPutResponseHopLimit: number };
  shutdownBehavior: string;
  clientToken: string | undefined;
  privateIp: string;
  tags: Tag[];
}

/** An IpPermission as the XML has it. */
export interface Permission {
  ipProtocol: string;
  fromPort?: number;
  toPort?: number;
  ipRanges: { cidrIp: string; description?: string }[];
  ipv6Ranges: { cidrIpv6: string; description?: string }[];
  groups: { userId: string; groupId: string }[];
}

export interface SecurityGroup {
  id: string;
  region: string;
  name: string;
  description: string;
  ingress: Permission[];
  egress: Permission[];
  tags: Tag[];
}

export const ARCHITECTURES = ["x86_64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Where instances become `running`, and terminated ones vanish, after so many milliseconds. */
const BOOT_MS = 1000;
const SHUTDOWN_MS = 1000;
const FORGOTTEN_MS = 3_600_000;

export class Ec2State {
  readonly stack: Stack;
  readonly groups: Store<SecurityGroup>;
  readonly #instances: Store<Instance>;

  constructor(stack: Stack) {
    this.stack = stack;
    this.groups = stack.store<SecurityGroup>("ec2-security-groups");
    this.#instances = stack.store<Instance>("ec2-instances");
  }

  /** As DescribeInstances shows them: those terminated an hour ago are forgotten. */
  instances(region: string): Instance[] {
    const now = this.stack.now();
    const shown: Instance[] = [];
    for (const [id, instance] of [...this.#instances.entries()]) {
      if (instance.terminated !== undefined && now - instance.terminated > FORGOTTEN_MS) this.#instances.delete(id);
      else if (instance.region === region) shown.push(instance);
    }
    return shown;
  }

  instance(id: string, region: string): Instance {
    if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw new AwsError("InvalidInstanceID.Malformed", `Invalid id: "${id}"`);
    const found = this.instances(region).find((instance) => instance.id === id);
    if (!found) throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
    return found;
  }

  keep(instance: Instance): void {
    this.#instances.put(instance.id, instance);
  }

  stateOf(instance: Instance): { code: number; name: string } {
    const now = this.stack.now();
    if (instance.terminated !== undefined)
      return now - instance.terminated < SHUTDOWN_MS
        ? { code: 32, name: "shutting-down" }
        : { code: 48, name: "terminated" };
    return now - instance.launched < BOOT_MS ? { code: 0, name: "pending" } : { code: 16, name: "running" };
  }

  /** Every region has a default network with its default group. */
  vpcId(region: string): string {
    return fixedId("vpc", region);
  }

  group(id: string, region: string): SecurityGroup {
    const group = this.securityGroups(region).find((one) => one.id === id);
    if (!group) throw new AwsError("InvalidGroup.NotFound", `The security group '${id}' does not exist`);
    return group;
  }

  securityGroups(region: string): SecurityGroup[] {
    const own = [...this.groups.entries()].map(([, group]) => group).filter((group) => group.region === region);
    const id = fixedId("sg", region);
    if (own.some((group) => group.id === id)) return own;
    const inside = { userId: this.stack.account, groupId: id };
    const ingress = [{ ipProtocol: "-1", ipRanges: [], ipv6Ranges: [], groups: [inside] }];
    const description = "default VPC security group";
    return [{ id, region, name: "default", description, ingress, egress: [everywhere()], tags: [] }, ...own];
  }
}

/** The egress that every new group has. */
export function everywhere(): Permission {
  return { ipProtocol: "-1", ipRanges: [{ cidrIp: "0.0.0.0/0" }], ipv6Ranges: [], groups: [] };
}

export function newId(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString("hex")}`;
}

/** The same id for the same place on every stack. */
export function fixedId(prefix: string, ...of: string[]): string {
  return `${prefix}-0${createHash("sha256").update(of.join("/")).digest("hex").slice(0, 16)}`;
}

/** Amazon Linux 2023 in this region: what the public SSM parameters point to. */
export function imageId(region: string, architecture: Architecture): string {
  return fixedId("ami", region, architecture);
}

export function architectureOf(instanceType: string): Architecture {
  return /^[a-z]+\d+g[a-z]*\./.test(instanceType) || instanceType.startsWith("a1.") ? "arm64" : "x86_64";
}
