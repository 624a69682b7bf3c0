import fc from "fast-check";
import { expect, test } from "vitest";
import { applyPlan } from "../../../src/pipeline/plan/apply.ts";
import { inOrder, makePlan } from "../../../src/pipeline/plan/plan.ts";
import { compare, type Resource } from "../../../src/pipeline/resource.ts";
import { OWNER_TAG, tagChanges } from "../../../src/pipeline/settings/tags.ts";
import { quickPace, testContext } from "../provisioned.ts";

type State = Record<string, string>;

const properties = fc.dictionary(fc.constantFrom("shards", "retention", "role"), fc.constantFrom("1", "2", "3"));

/** Resources that need earlier ones, each with a state that may be missing or differ from what is wanted. */
const farms = fc
  .array(
    fc.record({
      actual: fc.option(properties, { nil: undefined }),
      wanted: properties,
      needs: fc.array(fc.nat(), { maxLength: 3 }),
      listed: fc.nat(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((all) => {
    const states = new Map<string, State | undefined>();
    const calls: string[] = [];
    const resources = all.map(({ actual, wanted, needs }, i): Resource<State> => {
      const id = `r${i}`;
      states.set(id, actual && { ...actual });
      return {
        id,
        type: "Thing",
        name: id,
        step: "create-streams",
        needs: i === 0 ? [] : [...new Set(needs.map((n) => `r${n % i}`))],
        read: async () => states.get(id),
        tags: () => ({ [OWNER_TAG]: "p" }),
        diff: (state) => Object.entries(wanted).flatMap(([key, value]) => compare(key, state[key], value)),
        create: async () => {
          calls.push(`create ${id}`);
          states.set(id, { ...wanted });
        },
        update: async (state) => {
          calls.push(`update ${id}`);
          states.set(id, { ...state, ...wanted });
        },
      };
    });
    const shuffled = resources.toSorted(
      (a, b) => all[Number(a.id.slice(1))]!.listed - all[Number(b.id.slice(1))]!.listed,
    );
    return { resources: shuffled, calls };
  });

const options = {
  pipeline: "p",
  adopt: false,
  pace: quickPace,
  signal: new AbortController().signal,
  task: testContext().io.task,
};

test("whatever is there: once applied, what was needed came first, and a second plan finds nothing to do", async () => {
  await fc.assert(
    fc.asyncProperty(farms, async ({ resources, calls }) => {
      const plan = await makePlan(resources);
      const todo = plan.items.filter(({ action }) => action !== "keep").map(({ resource }) => resource.id);
      await applyPlan(plan, options);
      expect(calls.map((call) => call.split(" ")[1]).sort()).toEqual([...todo].sort());
      for (const { id, needs } of resources) {
        const at = (wanted: string) => calls.findIndex((call) => call.endsWith(` ${wanted}`));
        for (const need of needs) if (at(id) >= 0) expect(at(need)).toBeLessThan(at(id));
      }
      calls.length = 0;
      const again = await makePlan(resources);
      expect(again.items.map(({ action }) => action)).toEqual(resources.map(() => "keep"));
      await applyPlan(again, options);
      expect(calls).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("an order has every resource once, behind all that it needs", () => {
  fc.assert(
    fc.property(farms, ({ resources }) => {
      const order = inOrder(resources).map(({ id }) => id);
      expect([...order].sort()).toEqual(resources.map(({ id }) => id).sort());
      for (const { id, needs } of resources) {
        for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(id));
      }
    }),
  );
});

test("two values differ exactly where their JSON does, whatever the order of keys", () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, reversed(inner)]),
    );
  };
  // JSON's own texts for numbers: -0 is 0 there.
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)));
  fc.assert(
    fc.property(json, (value) => {
      expect(compare("p", value, reversed(value))).toEqual([]);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (value) => {
      expect(compare("p", value, [...value, 1])).toHaveLength(1);
      expect(compare("p", value, [value[0]! + 1, ...value.slice(1)])).toHaveLength(1);
    }),
  );
});

test("tags: nothing to change once ours are there, whoever else's are too", () => {
  const tags = fc.dictionary(fc.string({ minLength: 1 }), fc.string());
  fc.assert(
    fc.property(tags, tags, (actual, wanted) => {
      expect(tagChanges({ ...actual, ...wanted }, wanted)).toEqual([]);
    }),
  );
});
