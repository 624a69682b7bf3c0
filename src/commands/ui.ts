import { printable } from "../contract/printable.ts";
import { number } from "../io/parse.ts";
import { type Context, defineCommand } from "../io/terminal/command.ts";

export const command = defineCommand<undefined>({
  name: "ui",
  summary: "the page: farm, alerts, simulator, pipeline",
  description:
    "Serves the page on this machine until Ctrl-C and prints its link, which carries a token: a random one, or " +
    "WINDOPS_UI_TOKEN. On AWS the page only reads, the simulator aside.",
  options: [
    {
      flags: "--ui-port <n>",
      description: "port of the page; 0 takes any",
      default: 4580,
      parse: number("--ui-port", { min: 0, max: 65535, integer: true }),
    },
  ],
  examples: ["windops ui", "windops ui --aws --ui-port 0"],
  run,
});

async function run(ctx: Context, _: unknown[], options: Record<string, any>): Promise<undefined> {
  const [{ connect }, { PipelineBackend }, { startUiServer }, { loadAssets }, { edge }] = await Promise.all([
    import("../pipeline/settings/session.ts"),
    import("../ui/server/backend.ts"),
    import("../ui/server/server.ts"),
    import("../ui/server/assets.ts"),
    import("../io/clock.ts"),
  ]);
  const session = await connect(ctx);
  const { signal } = ctx;
  const backend = await PipelineBackend.of({
    session,
    signal,
    edge: edge(signal),
    wallClock: () => ctx.now().getTime(),
    note: (text) => ctx.io.err(ctx.io.errStyle.yellow(printable(text))),
  });
  const token = ctx.env.WINDOPS_UI_TOKEN;
  const server = await startUiServer({
    port: options.uiPort,
    assets: await loadAssets(),
    backend,
    ...(token && { token }),
  });
  try {
    if (ctx.io.json) ctx.io.record({ url: server.url }, server.url);
    else ctx.io.out(server.url);
    await backend.run(server);
  } finally {
    await server.close();
    session.clients.destroy();
  }
}
