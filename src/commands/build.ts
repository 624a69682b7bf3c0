import { defineCommand } from "../io/terminal/command.ts";

export const command = defineCommand({
  name: "build",
  summary: "the Flink jar, and Flink's runtime for --engine flink, by Maven",
  description:
    "Builds the jar that `windops upload-jar` uploads, and fetches the Flink that `--engine flink` runs it on. Needs a JDK 17 and Maven.",
  examples: ["windops build", "WINDOPS_FLINK_DIR=~/flink windops build"],
  async run(ctx) {
    const { buildFlink } = await import("../job/build.ts");
    const task = ctx.io.task("Flink jar and runtime");
    try {
      const built = await buildFlink(ctx.env, ctx.signal, (line) => {
        const step = /^\[INFO\] --- (\S+?):/.exec(line)?.[1];
        if (step) task.update(step);
        if (ctx.globals.verbose) ctx.io.err(line);
      });
      task.done(`${(built.bytes / 1e6).toFixed(1)} MB`);
      return built;
    } catch (error) {
      task.fail("not built");
      throw error;
    }
  },
  render(built, io) {
    io.out(built.jar);
  },
});
