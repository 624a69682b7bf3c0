import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { distFolder } from "../../../io/dist.ts";
import { SIMULATOR_PREFIX } from "../../settings/functions.ts";
import { tar } from "./tar.ts";

export interface SimulatorCode {
  bytes: Uint8Array;
  sha256: string;
  /** Named by its content: another version is another object, and what runs keeps its own. */
  key: string;
}

/** This very windops, as `bin/windops.js` and what it loads: what the instance runs is what was tried here. */
export async function simulatorCode(): Promise<SimulatorCode> {
  const dist = distFolder();
  const chunks = (await readdir(join(dist, "chunks"))).sort();
  const files = ["bin/windops.js", "package.json", "dist/cli.js", ...chunks.map((name) => `dist/chunks/${name}`)];
  const root = dirname(dist);
  const entries = await Promise.all(files.map(async (name) => ({ name, bytes: await readFile(join(root, name)) })));
  const bytes = gzipSync(tar(entries), { level: 9 });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { bytes, sha256, key: `${SIMULATOR_PREFIX}windops-${sha256.slice(0, 16)}.tar.gz` };
}
