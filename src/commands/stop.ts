import { defineCommand } from "../io/terminal/command.ts";

export const command = defineCommand({
  name: "stop",
  summary: "stop the Flink application, with a snapshot",
  description: "Stops the Flink application; its state is kept as a snapshot, from which `windops start` goes on.",
  options: [{ flags: "--force", description: "without a snapshot, also where it is stuck starting or updating" }],
  async run(ctx, _, options) {
    const [{ connect }, { provisioning }, { stop }] = await Promise.all([
      import("../pipeline/settings/session.ts"),
      import("../pipeline/plan/provision.ts"),
      import("../pipeline/flink/stop.ts"),
    ]);
    return stop(ctx, provisioning(await connect(ctx), ctx.env), options.force ?? false);
  },
  render({ application, stopped }, io) {
    io.out(stopped ? `${application} is stopped.` : `${application} wasn't running.`);
  },
});
