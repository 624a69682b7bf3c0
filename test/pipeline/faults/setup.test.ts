import { afterAll, beforeAll, expect, test } from "vitest";
import { faultOf, KINDS, rulesFor } from "./kinds.ts";
import { callText, type WireCall } from "./line.ts";
import { account } from "./run.ts";
import { eachAtOnce, LONGEST, sample, spread, Tally } from "./tally.ts";

const tally = new Tally();
let calls: WireCall[];
let undisturbed: unknown;

beforeAll(async () => {
  const there = await account();
  const { line, error } = await there.setup();
  expect(error).toBeUndefined();
  calls = line.calls;
  undisturbed = await there.look();
  expect((await there.setup()).result?.changed).toBe(0);
  await there.close();
}, 300_000);
afterAll(() => tally.print(`setup: ${calls?.length} calls`));

/** After a run that failed, one without faults gets to the same end; the next one finds nothing to do. */
async function converges(there: Awaited<ReturnType<typeof account>>, survived: boolean): Promise<void> {
  there.calm();
  if (!survived) expect((await there.setup()).error).toBeUndefined();
  expect(await there.look()).toEqual(undisturbed);
}

test(
  "killed after a call: the second run gets there, the third changes nothing",
  async () => {
    const after = sample(calls);
    await eachAtOnce(after, callText, async (call) => {
      const there = await account();
      const { line } = await there.setup(call);
      await converges(there, !line.dead);
      await there.close();
    });
    tally.add("killed after it", { calls: after.length, runs: after.length, survived: 0 });
  },
  LONGEST,
);

test.each(KINDS)(
  "%s, at every call: setup survives it",
  async (kind) => {
    const hittable = calls.filter((call) => faultOf(kind, call));
    const groups = spread(hittable);
    let survived = 0;
    let hits = 0;
    await eachAtOnce(
      groups,
      (group) => group.map(callText).join(", "),
      async (group) => {
        const there = await account({ rules: rulesFor(kind, group) });
        const { error } = await there.setup();
        // Not `hits += await …`: that adds to what it was before the others' runs.
        const played = await there.hits();
        hits += played.reduce((sum, n) => sum + n, 0);
        if (!error) survived++;
        await converges(there, !error);
        expect(error).toBeUndefined();
        await there.close();
      },
    );
    tally.add(kind, { calls: hits, runs: groups.length, survived });
  },
  LONGEST,
);
