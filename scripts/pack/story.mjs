// The README's `sh` blocks, word for word, with an installed windops; and what the package must find in itself.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../prepare.mjs";
import { scada } from "./scada.mjs";

/** Runs everything in `folder`; the outcome of what failed, or of the last. */
export async function story(folder, env) {
  writeFileSync(join(folder, "scada.csv"), scada());
  const text = readFileSync(join(root, "README.md"), "utf8");
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  if (blocks.length === 0) throw new Error("the README has no sh blocks");
  const sh = (script) =>
    spawnSync("/bin/bash", ["-euo", "pipefail", "-c", script], { cwd: folder, env, encoding: "utf8" });
  let last = { status: 0 };
  try {
    for (const script of blocks) {
      last = sh(script);
      if (last.status !== 0) return last;
    }
    last = sh("windops local up && windops score scada.csv --value wind --key turbine --time time --out scored.csv");
    if (last.status !== 0) return last;
    const stack = JSON.parse(sh("windops local status --json").stdout);
    await jobIsUploaded(stack);
    await pageOpens(folder, env);
  } catch (error) {
    return { status: 1, stdout: last.stdout, stderr: `${last.stderr}\n${error.stack}` };
  } finally {
    sh("windops local down");
  }
  return last;
}

/** Not the placeholder that a clone without a JDK uploads. */
async function jobIsUploaded({ endpoint }) {
  const url = `${endpoint}/kinesis-flink-000000000000-us-east-1/AnomalyDetection.jar`;
  const response = await fetch(url, { method: "HEAD" });
  const length = Number(response.headers.get("content-length"));
  if (!(length > 1e6)) throw new Error(`the uploaded jar has ${length} bytes (${response.status})`);
}

async function pageOpens(folder, env) {
  const page = spawn(join(folder, "node_modules/.bin/windops"), ["ui", "--ui-port", "0"], { cwd: folder, env });
  try {
    let output = "";
    const link = await new Promise((found, gone) => {
      const take = (chunk) => {
        output += chunk;
        const url = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(output)?.[0];
        if (url) found(url);
      };
      page.stdout.on("data", take);
      page.stderr.on("data", take);
      page.on("exit", (code) => gone(new Error(`windops ui ended with ${code}: ${output}`)));
    });
    const response = await fetch(link, { redirect: "manual" });
    if (response.status >= 400) throw new Error(`the page answers ${response.status}`);
  } finally {
    page.kill();
  }
}
