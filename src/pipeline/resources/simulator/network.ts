import type { EC2Client } from "@aws-sdk/client-ec2";
import {
  AuthorizeSecurityGroupEgressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  RevokeSecurityGroupEgressCommand,
} from "../../../aws/ec2.ts";
import { WindopsError } from "../../../io/errors/errors.ts";
import { compare, type Pipeline, type Resource } from "../../resource.ts";
import { identities, ids } from "../../settings/identities.ts";
import { fromList, type Tags, toList } from "../../settings/tags.ts";

interface GroupState {
  id: string;
  tags: Tags;
  /** Rules as text. */
  inbound: string[];
  outbound: string[];
}

/** Only HTTPS goes out (AWS's services, Amazon Linux's packages) and nothing comes in. */
const HTTPS = { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const OUTBOUND = "tcp 443-443 to 0.0.0.0/0";

type Rule = { IpProtocol?: string; FromPort?: number; ToPort?: number; IpRanges?: { CidrIp?: string }[] };

const ruleText = ({ IpProtocol, FromPort, ToPort, IpRanges = [] }: Rule) =>
  `${IpProtocol === "-1" ? "all" : `${IpProtocol} ${FromPort}-${ToPort}`} to ${IpRanges.map(({ CidrIp }) => CidrIp).join(", ")}`;

/** The simulator's security group, in the account's default network. */
export function securityGroup(pipeline: Pipeline): Resource<GroupState> {
  const { clients, tags: wanted } = pipeline;
  const { simulatorGroup: name } = identities(pipeline);
  const find = async (ec2: EC2Client) => {
    const Filters = [{ Name: "group-name", Values: [name] }];
    return (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups?.[0];
  };
  return {
    id: ids.securityGroup,
    type: "Security group",
    name,
    step: "simulator",
    needs: [],
    async read() {
      const found = await find(await clients.ec2());
      return (
        found && {
          id: found.GroupId!,
          tags: fromList(found.Tags),
          inbound: (found.IpPermissions ?? []).map(ruleText),
          outbound: (found.IpPermissionsEgress ?? []).map(ruleText),
        }
      );
    },
    tags: (state) => state.tags,
    diff: (state) => [
      ...compare("inbound", state.inbound.join("; ") || "none", "none", true),
      ...compare("outbound", state.outbound.join("; ") || "none", OUTBOUND),
    ],
    async create() {
      const ec2 = await clients.ec2();
      const TagSpecifications = [{ ResourceType: "security-group" as const, Tags: toList(wanted) }];
      const Description = "windops simulator: HTTPS out, nothing in";
      await ec2.send(
        new CreateSecurityGroupCommand({
          GroupName: name,
          Description,
          VpcId: await defaultNetwork(ec2),
          TagSpecifications,
        }),
      );
    },
    async update({ id: GroupId, outbound }) {
      const ec2 = await clients.ec2();
      if (!outbound.includes(OUTBOUND)) {
        await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [HTTPS] }));
      }
      // A new group lets everything out.
      const other = ((await find(ec2))?.IpPermissionsEgress ?? []).filter((rule) => ruleText(rule) !== OUTBOUND);
      if (other.length > 0) await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: other }));
    },
    async remove({ id: GroupId }) {
      const ec2 = await clients.ec2();
      await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    },
    // Its instance's network interface lives a moment longer than the instance.
    passes: ({ name }) => /^(DependencyViolation|InvalidGroup\.InUse|InvalidGroup\.NotFound)$/.test(name),
  };
}

async function defaultNetwork(ec2: EC2Client): Promise<string> {
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }));
  const id = Vpcs?.[0]?.VpcId;
  if (id) return id;
  throw new WindopsError("E_NO_NETWORK", "The account has no default VPC in this region.", {
    hint: "Make one with `aws ec2 create-default-vpc`, or run `windops simulate --aws` on a machine of yours.",
  });
}
