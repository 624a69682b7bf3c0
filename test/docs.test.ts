import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configurationReference, documentedVariables } from "../scripts/docs/configuration.ts";
import { scada } from "../scripts/pack/scada.mjs";
import { commandName, globalOptions, program } from "../src/cli.ts";
import { commandReference } from "../src/commands/reference.ts";

// Docs that can't rot. A fence says how its block is checked:
//   sh          run, block after block of a file in one folder, against an embedded stack of the file's own
//   sh aws      needs an AWS account, so every windops line is parsed by the real command line, not run
//   sh example  runs without an end, or on files that a reader has: parsed, too
//   sh clone    works on a clone (npm start …), which this test runs in: every npm script and file named exists
//   sh other    another program's commands, shown beside ours: not checked
// Output and code have other kinds; a block with a command in it that has none of these fails.
const root = resolve(import.meta.dirname, "..");
const files = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...["docs", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  ),
].filter((file) => file.endsWith(".md") && !file.includes("node_modules"));
const KINDS = ["sh", "sh aws", "sh example", "sh clone", "sh other"];
const COMMAND = /^\s*(\$ )?([A-Z_]+=\S+ )*(windops|npm|npx|node|aws|mvn|docker|curl|zcat|export|terraform|cdk|git) /m;
const read = (file: string) => readFileSync(join(root, file), "utf8");

interface Block {
  kind: string;
  line: number;
  text: string;
}

function blocks(file: string): Block[] {
  const lines = read(file).split("\n");
  const found: Block[] = [];
  let open: Block | undefined;
  for (const [i, line] of lines.entries()) {
    if (open) {
      if (line.trim() === "```") {
        found.push(open);
        open = undefined;
      } else open.text += `${line}\n`;
    } else if (line.startsWith("```")) open = { kind: line.slice(3).trim(), line: i + 1, text: "" };
    else if (/^ {4}\S/.test(line)) found.push({ kind: "indented", line: i + 1, text: line });
  }
  return found;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) {
    windops(folder, ["local", "down"]);
    rmSync(folder, { recursive: true, force: true });
  }
});

function environment(folder: string): NodeJS.ProcessEnv {
  return {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    WINDOPS_STATE_DIR: join(folder, "state"),
    NO_COLOR: "1",
  };
}

function windops(folder: string, args: string[]) {
  return spawnSync(process.execPath, [join(root, "bin/windops.js"), ...args], {
    cwd: folder,
    env: environment(folder),
  });
}

/** A folder that a reader could be in: the command on the PATH, and the sample file that the docs speak of. */
function sandbox(): string {
  const folder = mkdtempSync(join(tmpdir(), "windops-docs-"));
  folders.push(folder);
  writeFileSync(
    join(folder, "windops"),
    `#!/bin/sh\nexec "${process.execPath}" "${join(root, "bin/windops.js")}" "$@"\n`,
  );
  chmodSync(join(folder, "windops"), 0o755);
  writeFileSync(join(folder, "scada.csv"), scada());
  return folder;
}

/** Commands of a block, continued lines joined, without comments and pipes behind them. */
const commandLines = (text: string) =>
  text
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line && !line.startsWith("#"));

/** Arguments of each windops that a line calls, also behind variables and pipes. */
const windopsCalls = (line: string): string[][] =>
  line
    .split(/\s*(?:\||&&|>)\s*/)
    .map((part) => part.replace(/^([A-Z_]+=\S+ )*/, "").match(/"[^"]*"|'[^']*'|\S+/g) ?? [])
    .filter(([command]) => command === "windops")
    .map(([, ...words]) => words.map((word) => word.replace(/^["']|["']$/g, "")));

describe.each(files)("%s", (file) => {
  const all = blocks(file);
  const run = all.filter((b) => b.kind === "sh");
  if (run.length > 0) {
    it("its shell blocks run", { timeout: 300_000 }, () => {
      const folder = sandbox();
      for (const { text, line } of run) {
        const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", text], {
          cwd: folder,
          env: environment(folder),
          encoding: "utf8",
        });
        expect(status, `${file}:${line}\n${text}\n${stdout}\n${stderr}`).toBe(0);
      }
    });
  }

  const parsed = all.filter((b) => b.kind === "sh aws" || b.kind === "sh example");
  if (parsed.length > 0) {
    it("its other windops commands name commands and options that exist", async () => {
      for (const { text, line } of parsed) {
        for (const argv of commandLines(text).flatMap(windopsCalls)) {
          let called = false;
          const parsed = await program(commandName(argv), async () => {
            called = true;
          });
          await parsed.parseAsync(argv, { from: "user" });
          expect(called, `${file}:${line}: ${argv.join(" ")}`).toBe(true);
        }
      }
    });
  }

  const clone = all.filter((b) => b.kind === "sh clone");
  if (clone.length > 0) {
    it("its npm scripts and files exist", () => {
      const { scripts } = JSON.parse(read("package.json"));
      for (const { text } of clone) {
        for (const [path] of text.matchAll(/\b(?:scripts|bench|test|examples)\/[\w./-]+/g))
          expect(existsSync(join(root, path!)), path).toBe(true);
        for (const [, name] of text.matchAll(/npm (?:run (?:-s )?)?(start|test|[a-z:]+)\b/g)) {
          if (!["install", "ci", "link", "pack"].includes(name!)) expect(Object.keys(scripts)).toContain(name);
        }
      }
    });
  }

  it("every block with a command says how it is checked", () => {
    const unknown = all.filter(
      ({ kind, text }) =>
        !KINDS.includes(kind) &&
        (/^(sh|bash|shell|console)\b/.test(kind) || (COMMAND.test(text) && kind !== "text usage")),
    );
    expect(unknown.map((b) => `${file}:${b.line} ${b.kind}`)).toEqual([]);
  });

  it("its links lead somewhere", () => {
    const text = read(file).replace(/```[\s\S]*?```/g, "");
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^(https?|mailto):/.test(target))
      .filter((target) => {
        const [path, anchor] = target.split("#");
        const to = path ? relative(root, resolve(root, dirname(file), path)) : file;
        if (!existsSync(join(root, to))) return true;
        return anchor !== undefined && !anchors(read(to)).has(anchor);
      });
    expect(broken).toEqual([]);
  });
});

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^#+\s+(.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, "")
        .trim()
        .replace(/\s/g, "-"),
    ),
  );
}

it("docs/commands.md is what the program says (npm run docs)", async () => {
  const text = await commandReference(globalOptions.map(([flags, description]) => ({ flags, description })));
  expect(read("docs/commands.md")).toBe(text);
});

it("docs/configuration.md is what the settings' definition says (npm run docs), and names every variable", () => {
  expect(read("docs/configuration.md")).toBe(configurationReference());
  const used = sources().flatMap((text) => [...text.matchAll(/\bWINDOPS_[A-Z_]*[A-Z]\b/g)].map(([name]) => name));
  expect([...new Set(used)].filter((name) => !documentedVariables.has(name))).toEqual([]);
});

it("docs/troubleshooting.md explains every error code, and no other", () => {
  const used = new Set(
    sources().flatMap((text) => [...text.matchAll(/["'`](E_[A-Z_]*[A-Z])["'`]/g)].map(([, code]) => code!)),
  );
  const rows = [...read("docs/troubleshooting.md").matchAll(/^\| (`E_.+?) \| (.{20,}?) \| (.{8,}) \|$/gm)];
  const listed = rows.flatMap(([, codes]) => [...codes!.matchAll(/`(E_[A-Z_]*[A-Z])`/g)].map(([, code]) => code!));
  expect([...used].filter((code) => !listed.includes(code))).toEqual([]);
  expect(listed.filter((code) => !used.has(code))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
});

it("every page of docs/ can be reached from the README", () => {
  const text = read("README.md");
  const pages = files.filter((file) => file.startsWith("docs/"));
  expect(pages.filter((page) => !text.includes(`(${page}`))).toEqual([]);
});

/** Texts of everything that runs at the user's. */
function sources(): string[] {
  return ["src", "lambdas"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|mjs)$/.test(file))
      .map((file) => read(`${folder}/${file}`)),
  );
}
