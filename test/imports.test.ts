import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** docs/architecture.md, layout: imports point downwards only. What each part may import besides itself and io. */
const allowed: Record<string, string[]> = {
  io: ["contract"],
  contract: ["!io"],
  "kinesis-format": ["!io"],
  aws: ["kinesis-format"],
  detect: ["!io"],
  job: [],
  simulate: ["contract", "kinesis-format", "aws", "detect"],
  local: ["contract", "kinesis-format", "aws", "detect", "job"],
  offline: ["contract", "detect", "simulate"],
  pipeline: ["contract", "kinesis-format", "aws", "job", "local", "detect", "simulate"],
  operate: ["contract", "kinesis-format", "aws", "job", "local", "detect", "simulate", "pipeline", "offline"],
  library: ["contract", "pipeline", "operate", "offline", "simulate", "local"],
  ui: ["contract", "aws", "pipeline", "operate", "simulate", "detect", "local"],
  commands: ["contract", "aws", "job", "pipeline", "operate", "offline", "simulate", "detect", "local", "ui"],
};
/** Pure files inside `simulate`: the wind and its anomalies. */
const pure = /^src\/(detect\/|simulate\/wind\/)/;

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Files of this project that `file` imports, statically or not, values or types. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((m) =>
    relative(root, resolve(root, dirname(file), m[1]!)),
  );
}

const part = (file: string) => file.split("/")[1]!;

/** The functions share with the program only what both agree on. */
const shared = /^(lambdas|src\/contract|src\/kinesis-format)\//;

it("imports point downwards only", () => {
  const wrong: string[] = [];
  for (const file of sources("src").filter((f) => f.split("/").length > 2)) {
    const rule = allowed[part(file)] ?? [];
    for (const target of imports(file)) {
      if (!target.startsWith("src/")) {
        wrong.push(`${file} imports ${target}`);
      } else if (
        part(target) !== part(file) &&
        !(part(target) === "io" && !rule.includes("!io")) &&
        !rule.includes(part(target))
      ) {
        wrong.push(`${file} imports ${target}`);
      }
      if (pure.test(file) && !pure.test(target)) wrong.push(`${file} is pure but imports ${target}`);
    }
  }
  for (const file of sources("lambdas")) {
    for (const target of imports(file)) if (!shared.test(target)) wrong.push(`${file} imports ${target}`);
  }
  expect(wrong).toEqual([]);
});

it("a command's file imports nothing heavy at its top", () => {
  const light =
    /^src\/(io\/(drained|parse|text)\.ts|io\/terminal\/(command|io|sparkline)\.ts|io\/errors\/errors\.ts|contract\/printable\.ts|commands\/)/;
  const heavy = sources("src/commands").flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^import\s+(?!type\b)[^;]*?from\s+"([^"]+)"/gms)]
      .map((m) => (m[1]!.startsWith(".") ? relative(root, resolve(root, dirname(file), m[1]!)) : m[1]!))
      .filter((target) => !light.test(target) && !target.startsWith("node:"))
      .map((target) => `${file} imports ${target}`),
  );
  expect(heavy).toEqual([]);
});
