import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultOf, KINDS, rulesFor } from "./kinds.ts";
import { callText, type WireCall } from "./line.ts";
import { account } from "./run.ts";
import { eachAtOnce, LONGEST, sample, spread, Tally } from "./tally.ts";

const tally = new Tally();
/** State folder of a stack with a pipeline that stands. */
let standing: string;
let calls: WireCall[];
let nothing: unknown;

beforeAll(async () => {
  const made = await account();
  expect((await made.setup()).error).toBeUndefined();
  await made.stop();
  standing = made.stateDir;

  const there = await account({ copyOf: standing });
  const { line, error } = await there.destroy();
  expect(error).toBeUndefined();
  calls = line.calls;
  nothing = await there.look();
  await there.close();
  const empty = await account();
  expect(nothing).toEqual(await empty.look());
  await empty.close();
}, 300_000);
afterAll(() => {
  if (standing) rmSync(standing, { recursive: true, force: true });
  tally.print(`destroy: ${calls?.length} calls`);
});

/** After a run that failed, one without faults removes the rest; the next one finds nothing. */
async function converges(there: Awaited<ReturnType<typeof account>>, survived: boolean): Promise<void> {
  there.calm();
  if (!survived) expect((await there.destroy()).error).toBeUndefined();
  expect((await there.destroy()).result?.removed).toEqual([]);
  expect(await there.look()).toEqual(nothing);
}

test(
  "killed after a call: the second run removes the rest, the third finds nothing",
  async () => {
    const after = sample(calls);
    await eachAtOnce(after, callText, async (call) => {
      const there = await account({ copyOf: standing });
      const { line } = await there.destroy(call);
      await converges(there, !line.dead);
      await there.close();
    });
    tally.add("killed after it", { calls: after.length, runs: after.length, survived: 0 });
  },
  LONGEST,
);

test.each(KINDS)(
  "%s, at every call: destroy survives it",
  async (kind) => {
    const groups = spread(calls.filter((call) => faultOf(kind, call)));
    let survived = 0;
    let hits = 0;
    await eachAtOnce(
      groups,
      (group) => group.map(callText).join(", "),
      async (group) => {
        const there = await account({ copyOf: standing, rules: rulesFor(kind, group) });
        const { error } = await there.destroy();
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
