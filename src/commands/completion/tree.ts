import type { CommandSpec } from "../../io/terminal/command.ts";
import { globalOptions } from "../global-options.ts";
import { commands } from "../index.ts";

export interface Flag {
  name: string;
  description: string;
  takesValue: boolean;
  choices: readonly string[];
}

/** A command as a shell completes it. */
export interface Place {
  /** Words before it, e.g. "simulator up"; "" for windops itself. */
  path: string;
  commands: { name: string; summary: string }[];
  flags: Flag[];
  /** What its arguments may be, as far as that is known. */
  words: readonly string[];
}

/** Every command and subcommand of the program, as declared. */
export async function commandTree(): Promise<Place[]> {
  const globals = globalOptions.map(([flags, description]) => flag({ flags, description }));
  const help = { name: "--help", description: "what it does and takes", takesValue: false, choices: [] };
  const place = (path: string, spec: Partial<CommandSpec<any>>): Place => ({
    path,
    commands: (spec.subcommands ?? []).map(({ name, summary }) => ({ name, summary })),
    flags: [...(spec.options ?? []).filter(({ hidden }) => !hidden).map(flag), ...globals, help],
    words: (spec.arguments ?? []).flatMap(({ words }) => words ?? []),
  });
  const specs = await Promise.all(Object.values(commands).map(async ({ load }) => (await load()).command));
  const below = (path: string, spec: CommandSpec<any>): Place[] => [
    place(path, spec),
    ...(spec.subcommands ?? []).flatMap((sub) => below(`${path} ${sub.name}`, sub)),
  ];
  const version = { flags: "--version", description: "windops' version" };
  return [
    { ...place("", { subcommands: specs }), flags: [...globals, help, flag(version)] },
    ...specs.flatMap((spec) => below(spec.name, spec)),
  ];
}

function flag({
  flags,
  description,
  choices = [],
}: {
  flags: string;
  description: string;
  choices?: readonly string[];
}): Flag {
  const name = flags.split(/[ ,]+/).find((word) => word.startsWith("--"))!;
  return { name, description, takesValue: flags.includes("<"), choices };
}
