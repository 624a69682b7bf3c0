import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Timed } from "../../io/rows/readings.ts";

/** Readings held in memory at once: about 100 MB. */
const MOST_IN_MEMORY = 250_000;

const byTime = (a: Timed, b: Timed): number =>
  a.at - b.at || (a.reading.turbineId < b.reading.turbineId ? -1 : a.reading.turbineId > b.reading.turbineId ? 1 : 0);

/**
 * All readings by time, then by turbine, in bounded memory: what doesn't fit is sorted in parts, kept in files and merged.
 * Readings of one time and turbine stay in the order they came in.
 */
export async function* sorted(
  readings: AsyncIterable<Timed[]>,
  mostInMemory = MOST_IN_MEMORY,
): AsyncGenerator<Timed, void> {
  let part: Timed[] = [];
  let folder: string | undefined;
  const files: string[] = [];
  try {
    for await (const batch of readings) {
      for (const one of batch) part.push(one);
      if (part.length < mostInMemory) continue;
      folder ??= await mkdtemp(join(tmpdir(), "windops-replay-"));
      files.push(await spill(part.sort(byTime), join(folder, String(files.length))));
      part = [];
    }
    part.sort(byTime);
    if (files.length === 0) yield* part;
    else yield* merged([...files.map(read), inMemory(part)]);
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

async function spill(part: Timed[], file: string): Promise<string> {
  const out = createWriteStream(file, { mode: 0o600 });
  for (const one of part) if (!out.write(`${JSON.stringify(one)}\n`)) await once(out, "drain");
  out.end();
  await once(out, "finish");
  return file;
}

async function* read(file: string): AsyncGenerator<Timed, void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    yield JSON.parse(line);
  }
}

async function* inMemory(part: Timed[]): AsyncGenerator<Timed, void> {
  yield* part;
}

/** Earlier sources first among equals: they hold what came first. */
async function* merged(sources: AsyncGenerator<Timed, void>[]): AsyncGenerator<Timed, void> {
  const heads: { value: Timed; source: AsyncGenerator<Timed, void> }[] = [];
  for (const source of sources) {
    const { value, done } = await source.next();
    if (!done) heads.push({ value, source });
  }
  while (heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) if (byTime(heads[i]!.value, heads[first]!.value) < 0) first = i;
    const head = heads[first]!;
    yield head.value;
    const { value, done } = await head.source.next();
    if (done) heads.splice(first, 1);
    else head.value = value;
  }
}
