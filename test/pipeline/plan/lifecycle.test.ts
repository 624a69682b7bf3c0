import { afterAll, beforeAll, expect, test } from "vitest";
import { edge } from "../../../src/io/clock.ts";
import { prove } from "../../../src/operate/prove/prove.ts";
import { findAnomalies } from "../../../src/operate/scan/scan.ts";
import { readStatus } from "../../../src/operate/status/status.ts";
import { stop } from "../../../src/pipeline/flink/stop.ts";
import { destroy } from "../../../src/pipeline/plan/destroy.ts";
import { setup } from "../../../src/pipeline/plan/provision.ts";
import { faults } from "../../aws/service-model.ts";
import { testContext, testPipeline, testStack } from "../provisioned.ts";

let stack: Awaited<ReturnType<typeof testStack>>;
beforeAll(async () => {
  stack = await testStack();
});
afterAll(() => stack.close());

/**
 * Calls of a `setup` that finds nothing to do, with one subscriber: every resource is read once, in parts where a service has no call for all of
 * it. docs/provisioning.md has the number; raise it only for a reason.
 */
const CALLS_OF_NO_CHANGE = 62;

const options = { steps: [], dryRun: false, adopt: false };

test("setup, again, status, stop, start, scan, prove, destroy: every call is one that AWS's own models accept", async () => {
  const { what, session, calls } = testPipeline(stack.endpoint, { settings: { email: ["operator@example.org"] } });
  const ctx = testContext();

  const planned = await setup(ctx, what, { ...options, dryRun: true });
  expect(planned.resources.every(({ action }) => action === "create")).toBe(true);

  const first = await setup(ctx, what, options);
  expect(first.resources.filter(({ action }) => action !== "created")).toEqual([]);

  const before = calls.length;
  const again = await setup(ctx, what, options);
  expect(calls.length - before).toBeLessThanOrEqual(CALLS_OF_NO_CHANGE);
  expect(again.resources.filter(({ action }) => action !== "unchanged")).toEqual([]);
  expect(again.changed).toBe(0);

  const status = await readStatus(what);
  expect(status.resources.filter(({ state }) => state !== "present")).toEqual([]);

  // The calls of the commands beside setup and destroy.
  await stop(ctx, what, false);
  await setup(ctx, what, { ...options, steps: ["start"] });
  const dynamodb = await session.clients.dynamodb();
  const outside = edge(ctx.signal);
  await findAnomalies({ ...outside, dynamodb, table: session.names.table, minScore: 2, signal: ctx.signal });
  await prove(session, { ...outside, signal: ctx.signal, wallClock: Date.now, timeout: 2_000, id: "lifecycle" });

  const gone = await destroy(ctx, what, { keepData: false, agree: async () => true });
  expect(gone.removed.length).toBe(first.resources.length);
  expect((await destroy(ctx, what, { keepData: false, agree: async () => true })).removed).toEqual([]);

  expect(calls.flatMap(({ service, operation, input }) => faults(service, operation, input))).toEqual([]);
});
