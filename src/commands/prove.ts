import { milliseconds } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import { duration } from "../io/text.ts";
import type { Proof } from "../operate/prove/prove.ts";

export const command = defineCommand<Proof | undefined>({
  name: "prove",
  summary: "one anomaly through the live pipeline, with the time of each hop",
  description:
    "Sends ordinary wind and one spike of a turbine that exists for this proof only, follows the spike through every hop to the " +
    'notification, and removes its rows again. Subscribers get that notification; its location is "windops prove". With --every ' +
    "each proof is counted in CloudWatch, where the alarm `not-proved` tells the subscribers of one that failed, and with the " +
    "setting `proveEvery` also of one that didn't come.",
  options: [
    {
      flags: "--timeout <time>",
      description: "for the whole way (default 60s, on AWS 3m, and the time of a digest)",
      parse: milliseconds("--timeout"),
    },
    { flags: "--every <time>", description: "go on proving, e.g. 1h, until Ctrl-C", parse: milliseconds("--every") },
  ],
  examples: ["windops prove", "windops prove --every 1h --json >> proofs.jsonl"],
  run,
  render: (proof, io) => {
    if (!proof) return;
    io.out(line(proof));
    const { readings, hours } = proof.left;
    const rows = proof.ok ? "Its rows are removed" : "What becomes of it later, the next proof removes";
    io.err(`${rows}; its ${readings} readings stay in the streams for ${hours} h.`);
  },
  exitCode: (proof) => (proof && !proof.ok ? 1 : 0),
});

function line({ ok, hops, score, failed }: Proof): string {
  const total = duration(hops.at(-1)?.ms ?? 0);
  if (ok) return `Proved: acknowledged to ${hops.at(-1)!.hop} in ${total}, score ${score!.toFixed(1)}`;
  const { hop, look, found = [] } = failed!;
  return [`Not proved: "${hop}" was not reached. ${look}`, ...found.map((what) => `  ${what}`)].join("\n");
}

async function run(ctx: Context, _: unknown[], options: Record<string, any>): Promise<Proof | undefined> {
  const [{ connect }, { proveOnce, proveEvery }, { edge }, { provisioning }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../operate/prove/run.ts"),
    import("../io/clock.ts"),
    import("../pipeline/plan/provision.ts"),
  ]);
  const session = await connect(ctx);
  const outside = edge(ctx.signal);
  const run = {
    ...outside,
    signal: ctx.signal,
    wallClock: () => ctx.now().getTime(),
    timeout: options.timeout,
    onHop: (hop: string, ms: number) => ctx.io.err(`  ${hop.padEnd(12)} ${duration(ms).padStart(9)}`),
  };
  const what = provisioning(session, ctx.env);
  if (options.every === undefined) return proveOnce(session, what, run);
  await proveEvery(session, what, {
    ...run,
    every: options.every,
    onProof: (proof) => ctx.io.record({ at: ctx.now().toISOString(), ...proof }, () => line(proof)),
    onUncounted: (error) => ctx.io.err(`The proof could not be counted in CloudWatch: ${error.message}`),
  });
  return undefined;
}
