/** The text of src/detect/forest/kernel.wasm.ts. */
export function kernelModule(): Promise<string>;
