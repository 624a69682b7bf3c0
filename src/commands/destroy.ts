import { defineCommand } from "../io/terminal/command.ts";

export const command = defineCommand({
  name: "destroy",
  summary: "remove the pipeline: lists, asks, removes, lists again",
  description:
    "Removes what this pipeline made, in order, and checks that nothing is left. Asks for the pipeline's name first. What carries no tag of this pipeline is left alone.",
  options: [
    { flags: "--yes", description: "don't ask" },
    { flags: "--keep-data", description: "keep the bucket and the tables" },
  ],
  examples: ["windops destroy", "windops destroy --keep-data --yes"],
  async run(ctx, _, options) {
    const [{ connect }, { provisioning }, { destroy }] = await Promise.all([
      import("../pipeline/settings/session.ts"),
      import("../pipeline/plan/provision.ts"),
      import("../pipeline/plan/destroy.ts"),
    ]);
    const what = provisioning(await connect(ctx), ctx.env);
    const { pipeline } = what.pipeline.names;
    return destroy(ctx, what, {
      keepData: options.keepData ?? false,
      async agree(found) {
        for (const { type, name } of found.ours) ctx.io.err(`- ${type} ${name}`);
        for (const { type, name } of found.kept) ctx.io.err(`= ${type} ${name} (kept)`);
        for (const { type, name } of found.foreign) ctx.io.err(`= ${type} ${name} (not this pipeline's)`);
        if (options.yes) return true;
        return ctx.io.confirm(`Type the pipeline's name (${pipeline}) to remove these:`, {
          flag: "--yes",
          expect: pipeline,
        });
      },
    });
  },
  render({ pipeline, removed, kept, foreign }, io) {
    if (removed.length === 0) io.out(`Nothing of the pipeline ${pipeline} is there.`);
    else io.out(`Removed ${removed.length} resources of the pipeline ${pipeline}: nothing of it is left.`);
    if (kept.length > 0) io.out(`Kept: ${kept.join(", ")}.`);
    if (foreign.length > 0) io.out(`Not this pipeline's, left alone: ${foreign.join(", ")}.`);
  },
});
