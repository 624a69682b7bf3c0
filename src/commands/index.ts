import type { CommandSpec } from "../io/command.ts";

interface Entry {
  summary: string;
  load: () => Promise<{ command: CommandSpec<any> }>;
}

/** Every command, in the order of `--help`; a command's module is loaded only when it is called. */
export const commands: Record<string, Entry> = {
  build: {
    summary: "the Flink jar, and Flink's runtime for --engine flink, by Maven",
    load: () => import("./build.ts"),
  },
  local: {
    summary: "the embedded stack, as a background process; its mail",
    load: () => import("./local.ts"),
  },
};
