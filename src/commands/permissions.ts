import { usageError } from "../io/errors/errors.ts";
import { number } from "../io/parse.ts";
import { defineCommand } from "../io/terminal/command.ts";
import type { PolicyDocument } from "../pipeline/settings/policies.ts";

export const command = defineCommand<PolicyDocument>({
  name: "permissions",
  summary: "the IAM policy that the operator needs, made from the calls that windops makes",
  description:
    "Prints the IAM policy of who runs windops for this pipeline: the actions of every call that windops can make, on this pipeline's own resources wherever IAM can tell them apart. The whole fits a role as its inline policy; --part gives it as managed policies, of which the first is enough for who only watches.",
  options: [
    {
      flags: "--part <n>",
      description: "one of the parts that each fit a managed policy; 1 only reads",
      parse: number("--part", { min: 1, integer: true }),
    },
    { flags: "--account <id>", description: "for this account: nothing is asked of AWS then" },
  ],
  examples: [
    "windops permissions --aws > windops-policy.json",
    "windops permissions --account 123456789012 --region eu-west-1 --part 1",
  ],
  async run(ctx, _, options) {
    const [{ whereOf }, { operatorPolicy, INLINE_LIMIT }] = await Promise.all([
      import("../pipeline/permissions/where.ts"),
      import("../pipeline/permissions/policy.ts"),
    ]);
    const { document, size, parts } = operatorPolicy(await whereOf(ctx, options.account));
    const { part } = options;
    if (part === undefined) {
      const inline = size <= INLINE_LIMIT ? "fits a role as its inline policy" : "is too long for an inline policy";
      ctx.io.err(`${size} characters: ${inline}. As managed policies: --part 1 to ${parts.length}.`);
      return document;
    }
    const chosen = parts[part - 1];
    if (!chosen) throw usageError(`There is no part ${part}.`, `The policy has ${parts.length} parts.`);
    return chosen;
  },
  render: (document, io) => io.out(JSON.stringify(document, null, 2)),
});
