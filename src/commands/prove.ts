import { type Context, defineCommand } from "../io/command.ts";
import { milliseconds } from "../io/parse.ts";
import { duration } from "../io/text.ts";
import type { Proof } from "../pipeline/prove.ts";

export const command = defineCommand<Proof | undefined>({
  name: "prove",
  summary: "one anomaly through the live pipeline, with the time of each hop",
  description:
    "Sends ordinary wind and one spike of a turbine that exists for this proof only, follows the spike through every hop to the " +
    'notification, and removes its rows again. Subscribers get that notification; its location is "windops prove".',
  options: [
    {
      flags: "--timeout <time>",
      description: "for the whole way (default 60s, on AWS 3m)",
      parse: milliseconds("--timeout"),
    },
    { flags: "--every <time>", description: "go on proving, e.g. 1h, until Ctrl-C", parse: milliseconds("--every") },
  ],
  examples: ["windops prove", "windops prove --every 1h --json >> proofs.jsonl"],
  run,
  render: (proof, io) => {
    if (proof) io.out(line(proof));
  },
  exitCode: (proof) => (proof && !proof.ok ? 1 : 0),
});

function line({ ok, hops, score, failed }: Proof): string {
  const total = duration(hops.at(-1)?.ms ?? 0);
  if (ok) return `Proved: acknowledged to ${hops.at(-1)!.hop} in ${total}, score ${score!.toFixed(1)}`;
  return `Not proved: "${failed?.hop ?? "acknowledged"}" was not reached. ${failed?.look ?? ""}`;
}

async function run(ctx: Context, _: unknown[], options: Record<string, any>): Promise<Proof | undefined> {
  const [{ connect }, { prove }, { edge }] = await Promise.all([
    import("../pipeline/session.ts"),
    import("../pipeline/prove.ts"),
    import("../io/edge.ts"),
  ]);
  const session = await connect(ctx);
  const outside = edge(ctx.signal);
  const once = () =>
    prove(session, {
      ...outside,
      signal: ctx.signal,
      wallClock: () => ctx.now().getTime(),
      timeout: options.timeout ?? (session.target.kind === "aws" ? 180_000 : 60_000),
      id: `${ctx.now().getTime().toString(36)}${Math.floor(outside.random() * 1296).toString(36)}`,
      onHop: (hop, ms) => ctx.io.err(`  ${hop.padEnd(12)} ${duration(ms).padStart(9)}`),
    });
  if (options.every === undefined) return once();
  while (!ctx.signal.aborted) {
    const next = outside.now() + options.every;
    const proof = await once();
    ctx.io.record({ at: ctx.now().toISOString(), ...proof }, () => line(proof));
    await outside.sleep(Math.max(0, next - outside.now()));
  }
  return undefined;
}
