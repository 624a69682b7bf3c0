import { orAbsent } from "../../../aws/failures.ts";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  GetInstanceProfileCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "../../../aws/iam.ts";
import { DeleteObjectsCommand, HeadObjectCommand, PutObjectCommand } from "../../../aws/s3.ts";
import { compare, type Pipeline, type Resource } from "../../resource.ts";
import { identities, ids } from "../../settings/identities.ts";
import { rolePolicies, trust } from "../../settings/policies.ts";
import { fromList, type Tags, toList } from "../../settings/tags.ts";
import { role } from "../role.ts";
import type { SimulatorCode } from "./code.ts";
import { instance, type SimulatorPlan } from "./instance.ts";
import { securityGroup } from "./network.ts";

/** What the simulator on EC2 consists of. `run` is needed to make it, not to find or remove it. */
export function simulatorResources(
  pipeline: Pipeline,
  run?: { code: SimulatorCode; until: Date; simulate: string[] },
): Resource[] {
  const identity = identities(pipeline);
  const domain = pipeline.target.partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  return [
    role(pipeline, {
      id: ids.role("simulator"),
      name: identity.roles.simulator,
      step: "simulator",
      description: "Lets the simulator write readings and fetch its code",
      trust: trust(`ec2.${domain}`),
      rights: rolePolicies(pipeline, identity).simulator,
    }),
    instanceProfile(pipeline),
    securityGroup(pipeline),
    ...(run ? [codeObject(pipeline, run.code)] : []),
    instance(pipeline, run satisfies SimulatorPlan | undefined),
  ];
}

interface ProfileState {
  tags: Tags;
  role: string | undefined;
}

function instanceProfile(pipeline: Pipeline): Resource<ProfileState> {
  const { clients, tags: wanted } = pipeline;
  const RoleName = identities(pipeline).roles.simulator;
  const of = { InstanceProfileName: RoleName };
  return {
    id: ids.instanceProfile,
    type: "Instance profile",
    name: RoleName,
    step: "simulator",
    needs: [ids.role("simulator")],
    async read() {
      const iam = await clients.iam();
      const found = (await orAbsent(iam.send(new GetInstanceProfileCommand(of))))?.InstanceProfile;
      return found && { tags: fromList(found.Tags), role: found.Roles?.[0]?.RoleName };
    },
    tags: (state) => state.tags,
    diff: ({ role }) => compare("role", role ?? "none", RoleName),
    async create() {
      const iam = await clients.iam();
      await iam.send(new CreateInstanceProfileCommand({ ...of, Tags: toList(wanted) }));
    },
    async update({ role }) {
      const iam = await clients.iam();
      // It takes one role.
      if (role) await iam.send(new RemoveRoleFromInstanceProfileCommand({ ...of, RoleName: role }));
      await iam.send(new AddRoleToInstanceProfileCommand({ ...of, RoleName }));
    },
    async remove({ role }) {
      const iam = await clients.iam();
      if (role) await iam.send(new RemoveRoleFromInstanceProfileCommand({ ...of, RoleName: role }));
      await iam.send(new DeleteInstanceProfileCommand(of));
    },
    passes: ({ name }) => /^NoSuchEntity/.test(name),
  };
}

/** windops itself, in the pipeline's bucket. It goes with the bucket, or once nothing runs it. */
function codeObject({ clients, names }: Pipeline, { key, bytes }: SimulatorCode): Resource<object> {
  const at = { Bucket: names.bucket, Key: key };
  return {
    id: ids.simulatorCode,
    type: "Object",
    name: key,
    step: "simulator",
    needs: [],
    partOf: ids.bucket,
    async read() {
      const s3 = await clients.s3();
      return (await orAbsent(s3.send(new HeadObjectCommand(at)))) && {};
    },
    diff: () => [],
    async create() {
      const s3 = await clients.s3();
      await s3.send(new PutObjectCommand({ ...at, Body: bytes, ContentType: "application/gzip" }));
    },
    async remove() {
      const s3 = await clients.s3();
      await s3.send(new DeleteObjectsCommand({ Bucket: names.bucket, Delete: { Objects: [{ Key: key }] } }));
    },
  };
}
