import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluate } from "../../src/local/services/iam/evaluation/policy.ts";
import { pipelineOf } from "../../src/pipeline/resource.ts";
import { identities } from "../../src/pipeline/settings/identities.ts";
import { rolePolicies } from "../../src/pipeline/settings/policies.ts";
import { clientOptions } from "../local/stack-fixture.ts";
import { noting } from "../pipeline/permissions/rights-proxy.ts";
import { testPipeline } from "../pipeline/provisioned.ts";
import { awsEnvironment } from "./aws-target.ts";
import { Machine } from "./windops.ts";

const machine = new Machine();
let ec2: EC2Client;

beforeAll(async () => {
  await machine.json("setup", "upload-jar", "create-streams", "--port", "0");
  ec2 = new EC2Client(clientOptions(await machine.endpoint()));
});
afterAll(() => machine.close());

async function instances() {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances }) => Instances ?? []);
}

it("starts one instance with nothing open, and leaves it as it is when asked again", async () => {
  const first = await machine.json(
    "simulator",
    "up",
    "--for",
    "10m",
    "--turbines",
    "5",
    "--rate",
    "50",
    "--anomalies",
    "0",
  );
  expect(first).toMatchObject({ started: true, running: true, name: "Wind Turbine Simulator" });
  const again = await machine.json("simulator", "up", "--for", "2h");
  expect(again).toMatchObject({ started: false, instance: first.instance, until: first.until });

  const [one, ...others] = await instances();
  expect(others).toEqual([]);
  expect(one).toMatchObject({
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
    IamInstanceProfile: { Arn: expect.stringMatching(/instance-profile\/windops-simulator-us-east-1$/) },
  });
  const tags = Object.fromEntries(one!.Tags!.map(({ Key, Value }) => [Key, Value]));
  expect(tags).toMatchObject({
    Name: "Wind Turbine Simulator",
    "windops:pipeline": "windops",
    "windops:until": first.until,
  });
  const asked = { InstanceId: one!.InstanceId!, Attribute: "instanceInitiatedShutdownBehavior" as const };
  const { InstanceInitiatedShutdownBehavior } = await ec2.send(new DescribeInstanceAttributeCommand(asked));
  expect(InstanceInitiatedShutdownBehavior).toMatchObject({ Value: "terminate" });
  const GroupIds = one!.SecurityGroups!.map(({ GroupId }) => GroupId!);
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds }));
  expect(SecurityGroups![0]).toMatchObject({
    IpPermissions: [],
    IpPermissionsEgress: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443 }],
  });
});

it("its first boot fetches the code from the bucket and sends readings; its end is arranged before all else", async () => {
  const noted = await noting(await machine.endpoint());
  const { endpoint } = noted;
  const [{ InstanceId }] = (await instances()) as [{ InstanceId: string }];
  const { UserData } = await ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }));
  const root = join(machine.home, "root");
  const bin = join(machine.home, "stubs");
  mkdirSync(bin);
  // What this machine hasn't: Amazon Linux's package manager, the aws command, and systemd as process 1.
  const stub = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/bash\nset -eu\necho "${name} $*" >> "$SIMULATOR_ROOT.calls"\n${script}`);
    chmodSync(join(bin, name), 0o755);
  };
  stub(
    "dnf",
    `[ "$*" = "install -y nodejs22" ]\nmkdir -p "$SIMULATOR_ROOT/usr/bin"\nln -s "${process.execPath}" "$SIMULATOR_ROOT/usr/bin/node-22"`,
  );
  stub("aws", `[ "$1 $2 $3" = "s3 cp --region" ]\ncurl -sf "${endpoint}/\${5#s3://}" -o "$6"`);
  stub("systemctl", "");
  writeFileSync(join(machine.home, "user-data"), Buffer.from(UserData!.Value!, "base64"));
  const env = { PATH: `${bin}:${process.env.PATH}`, SIMULATOR_ROOT: root };
  const boot = await promisify(execFile)("bash", [join(machine.home, "user-data")], { env });
  expect(boot.stderr).toBe("");
  expect(
    readFileSync(`${root}.calls`, "utf8")
      .split("\n")
      .map((line) => line.split(" ").slice(0, 4).join(" ")),
  ).toEqual([
    "systemctl daemon-reload",
    "systemctl enable --now simulator-end.timer",
    "dnf install -y nodejs22",
    "aws s3 cp --region",
    "systemctl daemon-reload",
    "systemctl enable --now simulator.service",
    "",
  ]);
  const unit = (name: string) => readFileSync(join(root, "etc/systemd/system", name), "utf8");
  const { until } = await machine.json("simulator", "status");
  expect(unit("simulator-end.timer")).toContain(`OnCalendar=${until.replace("T", " ").slice(0, 19)} UTC`);
  expect(unit("simulator.service")).toContain("DynamicUser=yes");

  // As systemd would: nothing of this machine's environment, an empty home, the instance's credentials. windops on it works on AWS.
  const [program, ...args] = /^ExecStart=(.*)$/m.exec(unit("simulator.service"))![1]!.split(" ");
  const child = spawn(program!, args, {
    cwd: join(root, "opt/windops"),
    env: { ...awsEnvironment(endpoint), HOME: join(root, "home") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  const ended = new Promise<never>((_, failed) => child.on("close", () => failed(new Error(said))));
  ended.catch(() => {});
  const tail = machine.run("tail", "WindDataStream", "--since", "start", "--limit", "20");
  const { stdout } = await Promise.race([tail, ended]).finally(() => child.kill());
  const readings = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(readings).toHaveLength(20);
  expect(new Set(readings.map(({ turbineId }) => turbineId)).size).toBe(5);

  await noted.close();
  const { session } = testPipeline(endpoint);
  const { simulator } = rolePolicies(pipelineOf(session), identities(session));
  expect(noted.faults).toEqual([]);
  expect(new Set(noted.made.map(({ action }) => action))).toEqual(
    new Set(simulator.Statement.flatMap(({ Action }) => Action)),
  );
  const refused = noted.made.filter(
    ({ action, resource }) => evaluate([simulator as never], action, resource).decision !== "allowed",
  );
  expect(refused).toEqual([]);
});

it("is shown by status, and taken down with all that it consists of", async () => {
  const shown = await machine.run("status", "--json");
  expect(JSON.parse(shown.stdout).simulator).toMatchObject({ state: "running" });
  const { removed } = await machine.json("simulator", "down");
  expect(removed.map((what: string) => what.split(" ").slice(0, 2).join(" ")).sort()).toEqual([
    "EC2 instance",
    "IAM role",
    "Instance profile",
    expect.stringMatching(/^Object simulator\/windops-[0-9a-f]{16}\.tar\.gz$/),
    "Security group",
  ]);
  const { code, stdout } = await machine.run("simulator", "status");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "Wind Turbine Simulator doesn't run.\n" });
  expect(await machine.json("simulator", "down")).toEqual({ removed: [] });
});

it("goes with the pipeline", async () => {
  await machine.json("simulator", "up", "--for", "10m", "--anomalies", "0");
  const { removed } = await machine.json("destroy", "--yes");
  expect(removed).toContain("EC2 instance Wind Turbine Simulator");
  expect((await machine.run("simulator", "status")).code).toBe(1);
});

it.each([
  [["simulator", "up"], /isn't there/],
  [["simulator", "up", "--for", "5s"], /--for takes a time/],
  [["simulator", "up", "--for", "1m", "--anomalies", "50"], /need \d+/],
  [["simulator", "up", "--rate", "max"], /--rate takes a number/],
])("%j says what is wrong", async (args, message) => {
  const { code, stderr } = await machine.run(...args);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
  expect(existsSync(join(machine.home, "state"))).toBe(true);
});
