import { afterAll, beforeAll, expect, test } from "vitest";
import { readStatus } from "../../../src/operate/status/status.ts";
import { makePlan } from "../../../src/pipeline/plan/plan.ts";
import { setup } from "../../../src/pipeline/plan/provision.ts";
import { pipelineResources } from "../../../src/pipeline/resources/index.ts";
import { identities } from "../../../src/pipeline/settings/identities.ts";
import { until } from "../../local/pipeline-fixture.ts";
import { testContext, testPipeline, testStack } from "../provisioned.ts";
import { tampering } from "../tampering.ts";

let stack: Awaited<ReturnType<typeof testStack>>;
let what: ReturnType<typeof testPipeline>["what"];
let tamper: ReturnType<typeof tampering>;
const options = { steps: [], dryRun: false, adopt: false };
const apply = () => setup(testContext(), what, options);

beforeAll(async () => {
  stack = await testStack();
  ({ what } = testPipeline(stack.endpoint));
  await apply();
  tamper = tampering(stack.endpoint, what.pipeline.names, identities(what.pipeline));
});
afterAll(() => stack.close());

/** Can't be changed without making the resource anew, makes it somebody else's, or can't be done on the embedded stack (its indexes are for good). */
const APART = new Set(["keys", "tag windops:pipeline", "index"]);

test("every property that any resource compares can be tampered with here", async () => {
  const { items, world } = await makePlan(pipelineResources(what.pipeline, what.artifacts, { running: true }));
  const kinds = new Map<string, { ids: string[]; properties: Set<string> }>();
  for (const { resource, state } of items) {
    const kind = kinds.get(resource.type) ?? { ids: [], properties: new Set() };
    kinds.set(resource.type, kind);
    kind.ids.push(resource.id);
    for (const { property } of resource.diff(otherwise(state), world)) kind.properties.add(property);
  }
  // A stream's shards count only where the mode is right.
  kinds.get("Kinesis stream")!.properties.add("shards");
  for (const [type, { ids, properties }] of kinds) {
    const wanted = [...properties].filter((property) => !APART.has(property)).sort();
    const here = ids.flatMap((id) => Object.keys(tamper[id] ?? {})).sort();
    expect({ type, here }).toEqual({ type, here: wanted });
  }
});

/** The state with every value another one. */
function otherwise(value: unknown): any {
  if (typeof value === "string") return `${value}-other`;
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return value.length > 0 ? [] : ["other"];
  if (value === null || typeof value !== "object" || value instanceof Date) return "other";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, otherwise(inner)]));
}

test("what is changed behind windops' back is seen by status and repaired by setup, property by property", async () => {
  const rounds = Math.max(...Object.values(tamper).map((properties) => Object.keys(properties).length));
  for (let round = 0; round < rounds; round++) {
    const tampered = Object.entries(tamper).flatMap(([id, properties]) => {
      const property = Object.keys(properties)[round];
      return property === undefined ? [] : [{ id, property, run: properties[property]! }];
    });
    await Promise.all(tampered.map(({ run }) => run()));
    const drifted = async () => {
      const { resources } = await readStatus(what);
      const of = new Map(resources.map((r) => [r.id, r]));
      const unseen = tampered.filter(({ id, property }) => {
        const { state, changes } = of.get(id)!;
        return state !== "drifted" || !changes.some((change) => change.property === property);
      });
      return unseen.length === 0 ? resources : Promise.reject(unseen.map(({ id, property }) => `${id}: ${property}`));
    };
    // Some take a moment: a stream is UPDATING before it has another number of shards.
    const seen = await until(drifted, `round ${round}: status sees all that was changed`);
    for (const { id, property } of tampered) {
      const { from, to } = seen.find((r) => r.id === id)!.changes.find((c) => c.property === property)!;
      expect(from, `${id} ${property}`).not.toBe(to);
    }
    const repaired = await apply();
    for (const { id } of tampered) expect(repaired.resources.find((r) => r.id === id)!.action, id).toBe("changed");
    expect((await readStatus(what)).resources.filter(({ state }) => state !== "present")).toEqual([]);
    expect((await apply()).changed).toBe(0);
  }
}, 600_000);

test("what is removed behind windops' back is missing in status and made again by setup", async () => {
  const all = pipelineResources(what.pipeline, what.artifacts, { running: true });
  const ids = ["trigger", "schedule-group", "role/schedule", "topic/health", "log-group/delivery", "function/delivery"];
  const victims = [...ids, all.find(({ type }) => type === "Alarm")!.id];
  for (const id of victims) {
    const resource = all.find((candidate) => candidate.id === id)!;
    await until(async () => {
      const state = await resource.read();
      if (state !== undefined) await resource.remove!(state);
      return state === undefined;
    }, `${id} removed`);
  }
  const missing = (await readStatus(what)).resources.filter(({ state }) => state === "missing").map(({ id }) => id);
  expect(missing).toEqual(expect.arrayContaining(victims));
  await apply();
  expect((await readStatus(what)).resources.filter(({ state }) => state !== "present")).toEqual([]);
}, 120_000);
