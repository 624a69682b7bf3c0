import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { commandName, globalOptions, program } from "../src/cli.ts";
import { commandReference } from "../src/commands/reference.ts";

// Docs that can't rot. A fence says how its block is checked:
//   sh        run, block after block of a file in one folder, against an embedded stack of the file's own
//   sh aws    needs an AWS account: every windops line is parsed by the real command line, not run
//   sh clone  works on a clone (npm start …): every npm script named exists
const root = resolve(import.meta.dirname, "..");
const files = ["README.md", "CONTRIBUTING.md", ...readdirSync(join(root, "docs")).map((f) => `docs/${f}`)].filter(
  (f) => f.endsWith(".md") && existsSync(join(root, f)),
);
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
  const rows = Array.from(
    { length: 300 },
    (_, i) => `${new Date(Date.UTC(2026, 0, 1) + i * 600_000).toISOString()},T01,${(8 + Math.sin(i / 9)).toFixed(2)}`,
  );
  writeFileSync(join(folder, "scada.csv"), `time,turbine,wind\n${rows.join("\n")}\n`);
  return folder;
}

/** Commands of a block, continued lines joined, without comments and pipes behind them. */
const commandLines = (text: string) =>
  text
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line && !line.startsWith("#"));

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

  const aws = all.filter((b) => b.kind === "sh aws");
  if (aws.length > 0) {
    it("its AWS blocks name commands and options that exist", async () => {
      for (const { text, line } of aws) {
        for (const words of commandLines(text).filter((l) => l.startsWith("windops "))) {
          const argv = words
            .split(/\s*[|>]/)[0]!
            .split(/\s+/)
            .slice(1)
            .map((w) => w.replace(/^["']|["']$/g, ""));
          let called = false;
          const parsed = await program(commandName(argv), async () => {
            called = true;
          });
          await parsed.parseAsync(argv, { from: "user" });
          expect(called, `${file}:${line}: ${words}`).toBe(true);
        }
      }
    });
  }

  const clone = all.filter((b) => b.kind === "sh clone");
  if (clone.length > 0) {
    it("its npm scripts exist", () => {
      const { scripts } = JSON.parse(read("package.json"));
      for (const { text } of clone) {
        for (const [, name] of text.matchAll(/npm (?:run (?:-s )?)?(start|test|[a-z:]+)\b/g)) {
          if (!["install", "ci", "link", "pack"].includes(name!)) expect(Object.keys(scripts)).toContain(name);
        }
      }
    });
  }

  it("every shell block says how it is checked", () => {
    const unknown = all.filter(
      (b) => /^(sh|bash|shell|console)/.test(b.kind) && !["sh", "sh aws", "sh clone"].includes(b.kind),
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
