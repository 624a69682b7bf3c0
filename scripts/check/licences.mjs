// Every locked package's licence is one that an MIT program may be built with; what the package itself brings may be
// given on without a condition but the notice.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../prepare.mjs";

const permissive = [
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "MIT-0",
  "BlueOak-1.0.0",
  "Python-2.0",
];
/** Only tools: used on the program, not part of it. */
const tools = ["MPL-2.0", "CC0-1.0", "CC-BY-4.0", "Unlicense"];

/** "(MIT OR GPL-3.0)" is allowed where one of the two is. */
const allowed = (licence, list) =>
  licence
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((one) => list.includes(one)));

export function licenceProblems() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages).flatMap(([path, { license, dev, devOptional, link }]) => {
    if (path === "" || link) return [];
    const list = dev || devOptional ? [...permissive, ...tools] : permissive;
    const name = path.replace(/^.*node_modules\//, "");
    if (typeof license !== "string") return [`${name}: the lock file says no licence`];
    return allowed(license, list) ? [] : [`${name}: ${license} isn't on the list for ${dev ? "tools" : "the package"}`];
  });
}
