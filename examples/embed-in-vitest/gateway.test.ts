import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { apply, simulate } from "windops";
import { type LocalStack, startLocal } from "windops/local";
import { Gateway } from "./gateway.js";

let stack: LocalStack;
let gateway: Gateway;

beforeAll(async () => {
  // Without the shard's real rates, so that minutes of wind go through in a second.
  stack = await startLocal({ limits: false });
  await apply({ stateDir: stack.stateDir, settings: { email: ["operator@example.org"] } });
  await stack.confirmSubscriptions();
  const credentials = { accessKeyId: "any", secretAccessKey: "any" };
  gateway = new Gateway({ endpoint: stack.endpoint, region: "us-east-1", credentials });
}, 60_000);

afterAll(async () => {
  gateway?.close();
  await stack?.close();
});

it("has the operator told of the one anomaly in six minutes of wind", async () => {
  let injected: string | undefined;
  for (const reading of simulate({ turbines: 3, anomalies: 1, kinds: ["spike"], seed: 7 })) {
    if (reading.label) injected = reading.turbineId;
    await gateway.send(reading);
  }
  await gateway.flush();

  const told = async () => (await stack.inbox()).filter(({ kind }) => kind === "notification");
  await vi.waitFor(async () => expect(await told()).toHaveLength(1), { timeout: 50_000, interval: 100 });
  const [mail] = await told();
  expect(mail).toMatchObject({ to: "operator@example.org", subject: "Abnormal Wind Turbine Speed Detected" });
  expect(mail?.attributes?.turbineId).toBe(injected);
}, 60_000);
