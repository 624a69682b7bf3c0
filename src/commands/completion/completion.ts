import { usageError } from "../../io/errors/errors.ts";
import { defineCommand } from "../../io/terminal/command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const FILES: Record<Shell, string> = {
  bash: "~/.local/share/bash-completion/completions/windops",
  zsh: "a file _windops in a folder of $fpath",
  fish: "~/.config/fish/completions/windops.fish",
};

export const command = defineCommand<{ shell: Shell; script: string }>({
  name: "completion",
  summary: "the script that completes windops' commands and flags in a shell",
  description: "Prints a completion script, made from the program itself: commands, subcommands, flags, their choices.",
  arguments: [{ name: "<shell>", description: "bash, zsh or fish", words: SHELLS }],
  examples: [
    "windops completion bash > ~/.local/share/bash-completion/completions/windops",
    'eval "$(windops completion bash)"',
    "windops completion fish > ~/.config/fish/completions/windops.fish",
  ],
  async run(ctx, [shell]: [string]) {
    const known = SHELLS.find((name) => name === shell);
    if (!known) throw usageError(`No completion for "${shell}".`, `Shells: ${SHELLS.join(", ")}.`);
    const [{ commandTree }, { completionScript }] = await Promise.all([import("./tree.ts"), import("./script.ts")]);
    if (ctx.io.outIsTTY) ctx.io.err(`Keep it as ${FILES[known]}.`);
    return { shell: known, script: completionScript(known, await commandTree()) };
  },
  render: ({ script }, io) => io.out(script),
});
