#!/usr/bin/env node
import module from "node:module";

module.enableCompileCache?.();
const { main } = await import("../dist/cli.js");
const code = await main(process.argv.slice(2), process);
// What is still in stdout's buffer has to reach a pipe before the process ends.
process.exitCode = code;
if (process.stdout.writableLength === 0 || process.stdout.destroyed) process.exit();
else process.stdout.once("drain", () => process.exit());
