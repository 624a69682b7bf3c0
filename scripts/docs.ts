// npm run docs: writes docs/commands.md and the plan in docs/scale.md from the program, docs/configuration.md from the settings' definition.
import { readFileSync, writeFileSync } from "node:fs";
import { globalOptions } from "../src/cli.ts";
import { commandReference } from "../src/commands/reference.ts";
import { configurationReference } from "./docs/configuration.ts";
import { withScaleTable } from "./scale-table.ts";

const text = await commandReference(globalOptions.map(([flags, description]) => ({ flags, description })));
writeFileSync("docs/commands.md", text);
writeFileSync("docs/configuration.md", configurationReference());
writeFileSync("docs/scale.md", withScaleTable(readFileSync("docs/scale.md", "utf8")));
