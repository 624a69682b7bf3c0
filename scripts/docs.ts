// npm run docs: writes docs/commands.md from the program.
import { writeFileSync } from "node:fs";
import { globalOptions } from "../src/cli.ts";
import { commandReference } from "../src/commands/reference.ts";

const text = await commandReference(globalOptions.map(([flags, description]) => ({ flags, description })));
writeFileSync("docs/commands.md", text);
