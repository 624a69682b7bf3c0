// npm start: the main job from a bare clone. Further arguments go to `windops demo`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

prepare();
const { status } = spawnSync(process.execPath, [join(root, "bin/windops.js"), "demo", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);
