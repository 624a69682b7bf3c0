// Compiles src/detect/kernel-assemblyscript to WebAssembly and writes it as a module, so that the forest needs no file at run time.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const TARGET = "src/detect/forest/kernel.wasm.ts";

/** @returns {Promise<string>} the text of src/detect/forest/kernel.wasm.ts */
export async function kernelModule() {
  const source = "src/detect/kernel-assemblyscript/index.ts";
  const flags = [
    "--runtime",
    "stub",
    "--noAssert",
    "-O3",
    "--converge",
    "--enable",
    "simd",
    "--outFile",
    "kernel.wasm",
  ];
  let wasm;
  const writeOutput = (_name, contents) => {
    wasm = contents;
  };
  const { error, stderr } = await asc.main([source, ...flags], { writeFile: writeOutput });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const text = Buffer.from(wasm).toString("base64");
  return `// Generated from kernel/ by scripts/forest-kernel.mjs; a test compares the two.\nexport const KERNEL =\n  "${text}";\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TARGET, await kernelModule());
