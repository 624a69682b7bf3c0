import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zipBytes } from "../../../src/io/zip.ts";
import type { Outcome, Patient } from "../../../src/operate/doctor/check.ts";
import { diagnose } from "../../../src/operate/doctor/doctor.ts";
import { checkClock, checkNode } from "../../../src/operate/doctor/machine.ts";
import { deniedActions, principalOf } from "../../../src/operate/doctor/operator-rights.ts";
import { checkSubscriptions } from "../../../src/operate/doctor/pipeline.ts";
import { jarFaults, placeholderJar } from "../../../src/pipeline/flink/jar.ts";
import { operatorPolicy } from "../../../src/pipeline/permissions/policy.ts";
import { setup } from "../../../src/pipeline/plan/provision.ts";
import type { PolicyDocument } from "../../../src/pipeline/settings/policies.ts";
import { clientOptions } from "../../local/stack-fixture.ts";
import { testContext, testPipeline, testStack } from "../../pipeline/provisioned.ts";

let stack: Awaited<ReturnType<typeof testStack>>;
beforeAll(async () => {
  stack = await testStack();
});
afterAll(() => stack.close());

function patient(given: Partial<Patient> = {}): Patient {
  const { what, session } = testPipeline(stack.endpoint, { settings: { email: ["operator@example.org"] } });
  return { ctx: testContext(), node: "22.4.0", session: async () => session, what: async () => what, ...given };
}

it.each<[string, Outcome["state"]]>([
  ["18.20.0", "failed"],
  ["20.18.3", "failed"],
  ["20.19.0", "ok"],
  ["24.1.0", "ok"],
])("Node.js %s is %s", async (node, state) => expect(await checkNode(patient({ node }))).toMatchObject({ state }));

it.each<[number, Outcome["state"], RegExp]>([
  [0, "ok", /apart/],
  [-100_000, "ok", /1 m [34]\d s behind/],
  [600_000, "failed", /(9 m 5\d|10 m \d) s ahead/],
  [-600_000, "failed", /(9 m 5\d|10 m \d) s behind/],
])("a clock that is %d ms off is %s", async (off, state, detail) => {
  const ctx = { ...testContext(), now: () => new Date(Date.now() + off) };
  expect(await checkClock(patient({ ctx }))).toMatchObject({ state, detail: expect.stringMatching(detail) });
});

const text = (s: string) => new TextEncoder().encode(s);
const manifest = text("Manifest-Version: 1.0\r\nMain-Class: windops.Job\r\n");
const classFile = (version: number) => Uint8Array.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, version]);

it.each<[string, Uint8Array, RegExp | undefined]>([
  ["built for Java 17", zipBytes({ "META-INF/MANIFEST.MF": manifest, "windops/Job.class": classFile(61) }), undefined],
  [
    "built for Java 21",
    zipBytes({ "META-INF/MANIFEST.MF": manifest, "windops/Job.class": classFile(65) }),
    /Java 21.*Java 17/,
  ],
  ["without its main class", zipBytes({ "META-INF/MANIFEST.MF": manifest }), /windops\.Job isn't in it/],
  ["with no job", placeholderJar().bytes, /names no main class/],
  ["that is cut off", text("PK\u0003\u0004 half"), /it is no jar/],
])("a jar %s", (_, bytes, fault) => {
  const faults = jarFaults(bytes).join("; ");
  if (fault) expect(faults).toMatch(fault);
  else expect(faults).toBe("");
});

it.each<[string, string | undefined]>([
  ["arn:aws:sts::123456789012:assumed-role/Operator/me", "arn:aws:iam::123456789012:role/Operator"],
  ["arn:aws-cn:iam::123456789012:user/team/me", "arn:aws-cn:iam::123456789012:user/team/me"],
  ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"],
  ["arn:aws:sts::123456789012:federated-user/me", undefined],
])("%s is judged as %s", (caller, principal) => expect(principalOf(caller)).toBe(principal));

describe("permissions", () => {
  it.each<[string, (document: PolicyDocument) => PolicyDocument, string[]]>([
    ["the whole policy", (document) => document, []],
    [
      "one without the streams",
      (document) => ({
        ...document,
        Statement: document.Statement.filter(({ Action }) => ![Action].flat().includes("kinesis:CreateStream")),
      }),
      ["kinesis:CreateStream", "kinesis:PutRecords"],
    ],
    [
      "one that passes roles to nobody",
      (document) => ({
        ...document,
        Statement: document.Statement.filter(({ Action }) => ![Action].flat().includes("iam:PassRole")),
      }),
      ["iam:PassRole"],
    ],
  ])("%s: the simulator says what it doesn't allow", async (name, change, denied) => {
    const iam = new IAMClient(clientOptions(stack.endpoint));
    const { session } = testPipeline(stack.endpoint);
    const RoleName = name.replaceAll(" ", "-");
    const trust = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
    };
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
    );
    const PolicyDocument = JSON.stringify(change(operatorPolicy(session).document));
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "operator", PolicyDocument }));
    const found = await deniedActions(await session.clients.iam(), Role!.Arn!, session);
    expect(found).toEqual(expect.arrayContaining(denied));
    if (denied.length === 0) expect(found).toEqual([]);
  });
});

it("says what isn't well and how to mend it, and passes over what can't be asked", async () => {
  const said: string[] = [];
  const first = await diagnose(patient(), ({ title }) => said.push(title));
  expect(said).toEqual(first.checks.map(({ title }) => title));
  const state = (checks: typeof first.checks, title: RegExp) => checks.find((check) => title.test(check.title));
  expect(first.ok).toBe(true);
  expect(state(first.checks, /Every resource/)).toMatchObject({ state: "skipped" });
  expect(state(first.checks, /told/)).toMatchObject({ state: "warning", fix: expect.stringContaining("subscribe") });

  const sick = patient();
  await setup(testContext(), await sick.what(), {
    steps: ["create-streams", "create-topic"],
    dryRun: false,
    adopt: false,
  });
  const second = await diagnose(sick, () => {});
  expect(second.ok).toBe(false);
  expect(state(second.checks, /Every resource/)).toMatchObject({
    state: "failed",
    detail: expect.stringMatching(/missing.*more$/),
    fix: "Run `windops setup`.",
  });
  await setup(testContext(), await sick.what(), { steps: ["subscribe"], dryRun: false, adopt: false });
  expect(await checkSubscriptions(sick)).toMatchObject({
    state: "failed",
    detail: "not confirmed: operator@example.org",
    fix: expect.stringContaining("inbox --confirm"),
  });

  const away = patient({ session: () => Promise.reject(new Error("no such profile")) });
  const third = await diagnose(away, () => {});
  expect(third.checks.filter(({ state }) => state === "failed").map(({ detail }) => detail)).toEqual([
    "no such profile",
  ]);
  expect(third.checks.filter(({ detail }) => detail === "the target doesn't answer").length).toBeGreaterThan(5);
});
