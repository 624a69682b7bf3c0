import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOptions } from "../local/stack-fixture.ts";
import { type CallProxy, startProxy } from "../proxy.ts";
import { Machine } from "./windops.ts";

const machine = new Machine();
let proxy: CallProxy;

beforeAll(async () => {
  await machine.json("local", "up", "--port", "0");
  const endpoint = await machine.endpoint();
  proxy = await startProxy(endpoint);
  machine.env.AWS_ENDPOINT_URL = proxy.endpoint;
  await new IAMClient(clientOptions(endpoint)).send(
    new CreateRoleCommand({
      RoleName: "operator",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { AWS: "000000000000" }, Action: "sts:AssumeRole" }],
      }),
    }),
  );
  mkdirSync(join(machine.home, ".aws"));
  const credentials = (name: string, document: object) => {
    const script = join(machine.home, name);
    writeFileSync(script, `#!/bin/sh\ncat <<'END'\n${JSON.stringify({ Version: 1, ...document })}\nEND\n`);
    chmodSync(script, 0o755);
    return script;
  };
  const keys = { AccessKeyId: "AKIAPROCESS", SecretAccessKey: "secret" };
  const process = credentials("credentials.sh", { ...keys, Expiration: "2999-01-01T00:00:00Z" });
  const expired = credentials("expired.sh", { ...keys, Expiration: "2020-01-01T00:00:00Z" });
  writeFileSync(
    join(machine.home, ".aws", "config"),
    `[profile keys]
region = eu-west-1
aws_access_key_id = AKIAKEYS
aws_secret_access_key = secret

[profile process]
region = eu-central-1
credential_process = ${process}

[profile expired]
credential_process = ${expired}

[profile role]
region = ap-southeast-2
role_arn = arn:aws:iam::000000000000:role/operator
source_profile = keys

[profile no-role]
role_arn = arn:aws:iam::000000000000:role/nobody
source_profile = keys

[profile sso]
region = eu-north-1
sso_session = city
sso_account_id = 000000000000
sso_role_name = Operator

[sso-session city]
sso_region = eu-north-1
sso_start_url = https://127.0.0.1:9/start
sso_registration_scopes = sso:account:access

[profile empty]
region = eu-west-3
`,
  );
});
afterAll(async () => {
  delete machine.env.AWS_ENDPOINT_URL;
  await proxy.close();
  await machine.close();
});

describe("a profile", () => {
  it.each<[string, string, RegExp]>([
    ["keys", "eu-west-1", /Credential=AKIAKEYS\//],
    ["process", "eu-central-1", /Credential=AKIAPROCESS\//],
    ["role", "ap-southeast-2", /Credential=ASIA/],
  ])("%s: its region is taken and its credentials sign every call", async (profile, region, credential) => {
    const from = proxy.calls.length;
    const { stderr } = await machine.run("setup", "create-streams", "--profile", profile, "--prefix", `${profile}-`);
    expect(stderr).toContain(`region ${region}, profile ${profile}`);
    const calls = proxy.calls.slice(from).filter(({ operation }) => operation !== "AssumeRole");
    expect(calls.filter(({ operation }) => operation === "CreateStream")).toHaveLength(2);
    for (const { authorization } of calls) {
      expect(authorization).toMatch(credential);
      expect(authorization).toContain(`/${region}/`);
    }
  });

  it("--region goes before the profile's", async () => {
    const { stderr } = await machine.run("status", "--profile", "keys", "--region", "sa-east-1");
    expect(stderr).toContain("region sa-east-1, profile keys");
  });

  it.each<[string, string, RegExp, RegExp]>([
    ["absent", "E_CREDENTIALS_MISSING", /There is no AWS profile "absent"/, /aws configure list-profiles/],
    ["empty", "E_CREDENTIALS_MISSING", /profile "empty"/, /AWS_ACCESS_KEY_ID/],
    ["expired", "E_CREDENTIALS_EXPIRED", /profile "expired" have expired/, /Renew them/],
    ["sso", "E_CREDENTIALS_EXPIRED", /profile "sso"/, /aws sso login --profile sso/],
    ["no-role", "E_CREDENTIALS_REFUSED", /role\/nobody/, /role_arn/],
  ])("%s: one clear line with the fix", async (profile, code, what, fix) => {
    const from = proxy.calls.length;
    const end = await machine.run("status", "--profile", profile);
    expect(end).toMatchObject({ code: 1, stdout: "" });
    const lines = end.stderr.trim().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(what);
    expect(lines[0]).toContain(`(${code})`);
    expect(lines[1]).toMatch(fix);
    expect(proxy.calls.slice(from).filter(({ operation }) => operation !== "AssumeRole")).toEqual([]);
  });

  it("keys that AWS doesn't know: says so, once", async () => {
    proxy.refuse = "InvalidClientTokenId";
    const { code, stderr } = await machine.run("status", "--profile", "keys");
    proxy.refuse = undefined;
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(2);
    expect(stderr).toContain('AWS doesn\'t accept the credentials of profile "keys"');
    expect(stderr).toContain("(E_CREDENTIALS_REFUSED)");
  });
});

it("no credentials anywhere: one clear line with the fix", async () => {
  const { AWS_ENDPOINT_URL: _, ...env } = machine.env;
  const bare = new Machine();
  Object.assign(bare.env, env, { HOME: bare.home, AWS_EC2_METADATA_DISABLED: "true" });
  const { code, stderr } = await bare.run("status", "--aws");
  expect(code).toBe(1);
  expect(stderr).toContain("(E_CREDENTIALS_MISSING)");
  expect(stderr).toContain("Pass --profile NAME");
});
