import { crc32 } from "node:zlib";

/** A checksum that grows with its input; `digest` in network byte order, as the `x-amz-checksum-*` headers carry it. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

/** Eight tables for reading eight bytes a step ("slicing-by-8"), each entry as high and low 32 bits. */
interface Tables {
  high: Int32Array;
  low: Int32Array;
}

// Reflected polynomials: Castagnoli (RFC 3720) and NVMe (NVM Express NVM Command Set 1.0, 5.2.1.3.4).
const CASTAGNOLI = 0x82f63b78;
const NVME_HIGH = 0x9a6c9329;
const NVME_LOW = 0xac4bc9b5;

let castagnoli: Int32Array | undefined;
let nvme: Tables | undefined;

export function crc32Checksum(): Checksum {
  let crc = 0;
  return {
    update: (chunk) => {
      crc = crc32(chunk, crc);
    },
    digest: () => word(crc),
  };
}

export function crc32cChecksum(): Checksum {
  castagnoli ??= castagnoliTable();
  const table = castagnoli;
  let crc = -1;
  return {
    update: (chunk) => {
      let c = crc;
      for (let i = 0; i < chunk.length; i++) c = table[(c ^ chunk[i]!) & 255]! ^ (c >>> 8);
      crc = c;
    },
    digest: () => word(~crc),
  };
}

export function crc64NvmeChecksum(): Checksum {
  nvme ??= nvmeTables();
  const { high, low } = nvme;
  let h = -1;
  let l = -1;
  return {
    update: (chunk) => {
      const whole = chunk.length - (chunk.length % 8);
      let i = 0;
      for (; i < whole; i += 8) {
        const a = (l & 255) ^ chunk[i]!;
        const b = 256 + (((l >>> 8) & 255) ^ chunk[i + 1]!);
        const c = 512 + (((l >>> 16) & 255) ^ chunk[i + 2]!);
        const d = 768 + ((l >>> 24) ^ chunk[i + 3]!);
        const e = 1024 + ((h & 255) ^ chunk[i + 4]!);
        const f = 1280 + (((h >>> 8) & 255) ^ chunk[i + 5]!);
        const g = 1536 + (((h >>> 16) & 255) ^ chunk[i + 6]!);
        const k = 1792 + ((h >>> 24) ^ chunk[i + 7]!);
        h = high[a]! ^ high[b]! ^ high[c]! ^ high[d]! ^ high[e]! ^ high[f]! ^ high[g]! ^ high[k]!;
        l = low[a]! ^ low[b]! ^ low[c]! ^ low[d]! ^ low[e]! ^ low[f]! ^ low[g]! ^ low[k]!;
      }
      for (; i < chunk.length; i++) {
        const index = 1792 + ((l ^ chunk[i]!) & 255);
        l = ((l >>> 8) | (h << 24)) ^ low[index]!;
        h = (h >>> 8) ^ high[index]!;
      }
    },
    digest: () => Buffer.concat([word(~h), word(~l)]),
  };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function castagnoliTable(): Int32Array {
  const table = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ CASTAGNOLI : c >>> 1;
    table[n] = c;
  }
  return table;
}

/** Table 7 (the last 256 entries) advances one byte; each table before it advances one zero byte more. */
function nvmeTables(): Tables {
  const high = new Int32Array(2048);
  const low = new Int32Array(2048);
  for (let n = 0; n < 256; n++) {
    let h = 0;
    let l = n;
    for (let k = 0; k < 8; k++) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) {
        l ^= NVME_LOW;
        h ^= NVME_HIGH;
      }
    }
    high[1792 + n] = h;
    low[1792 + n] = l;
  }
  for (let table = 6; table >= 0; table--) {
    for (let n = 0; n < 256; n++) {
      const h = high[(table + 1) * 256 + n]!;
      const l = low[(table + 1) * 256 + n]!;
      const index = 1792 + (l & 255);
      low[table * 256 + n] = ((l >>> 8) | (h << 24)) ^ low[index]!;
      high[table * 256 + n] = (h >>> 8) ^ high[index]!;
    }
  }
  return { high, low };
}
