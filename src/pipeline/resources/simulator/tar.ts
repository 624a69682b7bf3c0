const BLOCK = 512;

/** A POSIX (ustar) archive of plain files, the same bytes for the same files: no times, no owners. Names up to 100 bytes. */
export function tar(files: { name: string; bytes: Uint8Array }[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { name, bytes } of files) {
    blocks.push(header(name, bytes.length), bytes, new Uint8Array(-bytes.length & (BLOCK - 1)));
  }
  // Two empty blocks end it.
  blocks.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(blocks);
}

function header(name: string, size: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: too long a name for a tar archive`);
  const field = (text: string, at: number) => block.write(text, at, "latin1");
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0);
  field(octal(0o644, 7), 100);
  field(octal(0, 7), 108);
  field(octal(0, 7), 116);
  field(octal(size, 11), 124);
  field(octal(0, 11), 136);
  // The sum of the header's bytes, its own place counted as spaces.
  field(" ".repeat(8), 148);
  field("0", 156);
  field("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  field(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
