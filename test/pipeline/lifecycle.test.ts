import { afterAll, beforeAll, expect, test } from "vitest";
import { destroy } from "../../src/pipeline/destroy.ts";
import { setup } from "../../src/pipeline/provision.ts";
import { readStatus } from "../../src/pipeline/status.ts";
import { faults } from "../aws/service-model.ts";
import { testContext, testPipeline, testStack } from "./provisioned.ts";

let stack: Awaited<ReturnType<typeof testStack>>;
beforeAll(async () => {
  stack = await testStack();
});
afterAll(() => stack.close());

const options = { steps: [], dryRun: false, adopt: false };

test("setup, again, status, destroy: every call is one that AWS's own models accept", async () => {
  const { what, calls } = testPipeline(stack.endpoint, { settings: { email: ["operator@example.org"] } });
  const ctx = testContext();

  const planned = await setup(ctx, what, { ...options, dryRun: true });
  expect(planned.resources.every(({ action }) => action === "create")).toBe(true);

  const first = await setup(ctx, what, options);
  expect(first.resources.filter(({ action }) => action !== "created")).toEqual([]);

  const again = await setup(ctx, what, options);
  expect(again.resources.filter(({ action }) => action !== "unchanged")).toEqual([]);
  expect(again.changed).toBe(0);

  const status = await readStatus(what);
  expect(status.resources.filter(({ state }) => state !== "present")).toEqual([]);

  const gone = await destroy(ctx, what, { keepData: false, agree: async () => true });
  expect(gone.removed.length).toBe(first.resources.length);
  expect((await destroy(ctx, what, { keepData: false, agree: async () => true })).removed).toEqual([]);

  expect(calls.flatMap(({ service, operation, input }) => faults(service, operation, input))).toEqual([]);
});
