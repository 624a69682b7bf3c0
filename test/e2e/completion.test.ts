import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../src/commands/index.ts";
import { Machine } from "./windops.ts";

const machine = new Machine();
afterAll(() => machine.close());

/** How each shell is asked for what it offers after `line`; it prints a word a line. */
const ask: Record<string, (script: string, words: string[]) => string[]> = {
  bash: (script, words) => [
    "--norc",
    "-c",
    `source ${script}; COMP_WORDS=(${words.map((w) => `'${w}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _windops; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // Its completion system works within its line editor only: what the script hands to it is caught here.
  zsh: (script, words) => [
    "-f",
    "-c",
    `compdef() { :; }; _files() { print -r -- FILES }
     compadd() { shift; print -rl -- "$@" }; _describe() { local name="\${@[-1]}"; print -rl -- "\${(@)\${(P)name}%%:*}" }
     words=(${words.map((w) => `'${w}'`).join(" ")}); CURRENT=${words.length}; source ${script}; _windops`,
  ],
  fish: (script, words) => [
    "--no-config",
    "-c",
    `source ${script}; complete -C '${words.join(" ")}' | string replace -r '\\t.*' ''; true`,
  ],
};
const shells = Object.keys(ask).filter((shell) => spawnSync(shell, ["--version"]).status === 0);

it("bash is here to be asked", () => expect(shells).toContain("bash"));

it("says which shells there are", async () => {
  const { code, stderr } = await machine.run("completion", "tcsh");
  expect(code).toBe(2);
  expect(stderr).toContain("bash, zsh, fish");
});

describe.each(shells)("in %s", (shell) => {
  const script = join(machine.home, `completion.${shell}`);
  beforeAll(async () => {
    const { stdout } = await machine.run("completion", shell);
    writeFileSync(script, stdout);
  });
  const offered = (...words: string[]) => {
    const { stdout, stderr, status } = spawnSync(shell, ask[shell]!(script, words), {
      encoding: "utf8",
      cwd: machine.home,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.split("\n").filter(Boolean);
  };

  it("offers every command", () =>
    expect(offered("windops", "")).toEqual(expect.arrayContaining(Object.keys(commands))));

  it.each([
    [
      ["simulator", ""],
      ["up", "down", "status"],
      ["destroy", "setup"],
    ],
    [["--region", "eu-west-1", "local", ""], ["up", "inbox"], ["destroy"]],
    // A flag's value that is a command's name is no command.
    [["--profile", "local", ""], ["local", "setup"], ["inbox"]],
    [["tail", ""], ["WindDataStream", "AnomalyDetectionStream"], ["setup"]],
    [["setup", ""], ["create-streams", "subscribe"], ["simulate"]],
    [["logs", ""], ["flink", "AnalyticsDestinationFunction"], ["setup"]],
    [["scan", "--"], ["--min-score", "--json", "--help"], ["--turbines"]],
    [["simulator", "up", "--"], ["--for", "--turbines", "--aws"], ["--min-score"]],
    [["local", "up", "--engine", ""], ["embedded", "flink"], ["up"]],
    [["completion", ""], ["bash", "zsh", "fish"], ["setup"]],
  ])("after windops %j offers %j and not %j", (words, wanted, unwanted) => {
    const words_ = offered("windops", ...words);
    expect(words_).toEqual(expect.arrayContaining(wanted));
    expect(words_.filter((word) => unwanted.includes(word))).toEqual([]);
  });
});
