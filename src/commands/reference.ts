import type { CommandSpec, OptionSpec } from "../io/terminal/command.ts";
import { commands } from "./index.ts";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function optionRow({ flags, description, choices, default: value }: OptionSpec): string {
  const notes = [
    choices && `one of ${choices.join(", ")}`,
    value !== undefined && `default ${JSON.stringify(value)}`,
  ].filter(Boolean);
  return `| \`${cell(flags)}\` | ${cell(description)}${notes.length ? ` (${cell(notes.join("; "))})` : ""} |`;
}

function section(spec: CommandSpec<any>, path: string, level: string): string[] {
  const usage = [
    path,
    ...(spec.options?.length ? ["[options]"] : []),
    ...(spec.arguments ?? []).map((a) => a.name),
  ].join(" ");
  const lines = [
    `${level} ${path}`,
    "",
    spec.description ?? `${spec.summary[0]!.toUpperCase()}${spec.summary.slice(1)}.`,
    "",
    "```text usage",
    usage,
    "```",
  ];
  if (spec.arguments?.length) {
    lines.push(
      "",
      "| argument | |",
      "|---|---|",
      ...spec.arguments.map((a) => `| \`${cell(a.name)}\` | ${cell(a.description)} |`),
    );
  }
  const options = (spec.options ?? []).filter((o) => !o.hidden);
  if (options.length) lines.push("", "| option | |", "|---|---|", ...options.map(optionRow));
  if (spec.examples?.length) lines.push("", "```sh example", ...spec.examples, "```");
  for (const sub of spec.subcommands ?? []) lines.push("", ...section(sub, `${path} ${sub.name}`, `${level}#`));
  return lines;
}

/** docs/commands.md, made from the commands' own declarations. */
export async function commandReference(globals: readonly { flags: string; description: string }[]): Promise<string> {
  const lines = [
    "# Commands",
    "",
    "Made from the program by `npm run docs`; a test holds it to that.",
    "",
    "Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage or a plan that differs, 130",
    "interrupted.",
    "",
    "## Options of every command",
    "",
    "| option | |",
    "|---|---|",
    ...globals.map(optionRow),
  ];
  for (const [name, { load }] of Object.entries(commands)) {
    lines.push("", ...section((await load()).command, `windops ${name}`, "##"));
  }
  return `${lines.join("\n")}\n`;
}
