import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { distFolder } from "../../io/dist.ts";
import type { Asset } from "./server.ts";

/** The built page: three files, held in memory. */
export async function loadAssets(): Promise<Record<string, Asset>> {
  const types = { "index.html": "text/html", "main.js": "text/javascript", "style.css": "text/css" };
  const entries = Object.entries(types).map(async ([name, type]) => {
    const body = await readFile(join(distFolder(), "ui", name));
    return [`/${name}`, { type: `${type}; charset=utf-8`, body }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
