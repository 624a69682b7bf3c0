// npm run recording: docs/demo.svg, a picture that moves, made of what `windops demo` really prints on a terminal (a pty by
// util-linux' script), at the times at which it printed it. Pauses in which only a spinner turned are shortened.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";
import { Screen } from "./recording/screen.mjs";
import { svg } from "./recording/svg.mjs";

const COLUMNS = 112;
prepare();
const screen = new Screen();
const started = performance.now();
const code = await new Promise((done) => {
  const command = `stty cols ${COLUMNS} rows 24; exec "${process.execPath}" bin/windops.js demo`;
  const terminal = spawn("script", ["-qefc", command, "/dev/null"], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: "xterm-256color" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  terminal.stdout.setEncoding("utf8").on("data", (text) => screen.write(text, performance.now() - started));
  terminal.on("close", done);
});
if (code !== 0) {
  console.error(`windops demo ended with ${code}`);
  process.exit(1);
}
writeFileSync(join(root, "docs/demo.svg"), svg("windops demo", screen.lines(), COLUMNS));
console.log("docs/demo.svg");
