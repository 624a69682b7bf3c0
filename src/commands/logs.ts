import { printable } from "../contract/printable.ts";
import { drained } from "../io/drained.ts";
import { instant } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";
import type { LogLine } from "../operate/logs.ts";

export const command = defineCommand<undefined>({
  name: "logs",
  summary: "the logs of the Flink application and the functions, followed",
  description:
    "Prints what the Flink application and the functions log, in the order of time (JSON lines when piped), and follows it until Ctrl-C.",
  arguments: [
    {
      name: "[part]",
      description: "flink, or a function's name (default: all)",
      words: ["flink", "AnalyticsDestinationFunction", "AnomalyMessageDeliveryFunction"],
    },
  ],
  options: [
    {
      flags: "--since <time>",
      description: "from a time or a while ago (default 10m)",
      parse: (text) => instant("--since")(text),
    },
    { flags: "--no-follow", description: "end with what is there" },
    { flags: "--filter <pattern>", description: 'only lines that match, as CloudWatch Logs has it, e.g. "ERROR"' },
  ],
  examples: [
    "windops logs",
    "windops logs flink --since 1h --no-follow",
    "windops logs AnomalyMessageDeliveryFunction --filter ERROR | jq .message",
  ],
  run,
});

async function run(ctx: Context, [wanted]: [string | undefined], options: Record<string, any>): Promise<undefined> {
  const [{ connect }, { logLines, logParts }, { edge }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../operate/logs.ts"),
    import("../io/clock.ts"),
  ]);
  // A stack that doesn't run logs nothing: no reason to start one.
  const session = await connect(ctx, { start: false });
  const parts = logParts(session, wanted);
  const width = Math.max(...parts.map(({ name }) => name.length));
  const lines = logLines({
    ...edge(ctx.signal),
    logs: await session.clients.logs(),
    parts,
    since: (options.since ?? new Date(ctx.now().getTime() - 600_000)).getTime(),
    ...(options.filter !== undefined && { filter: options.filter }),
    follow: options.follow,
    signal: ctx.signal,
    wallClock: () => ctx.now().getTime(),
    poll: session.target.kind === "aws" ? 2000 : 250,
  });
  for await (const line of lines) {
    ctx.io.record(line, () => text(line, width, ctx.io.style.dim));
    await drained(ctx.io.stdout, ctx.signal);
  }
}

/** Each line of the message; nothing from a log reaches the terminal unescaped. */
function text({ timestamp, part, message }: LogLine, width: number, dim: (s: string) => string): string {
  const head = `${timestamp}  ${part.padEnd(width)}`;
  return message
    .split(/\r?\n/)
    .map((line, i) => `${i === 0 ? dim(head) : " ".repeat(head.length)}  ${printable(line.replaceAll("\t", "  "))}`)
    .join("\n");
}
