import type { History } from "../protocol.ts";

type Columns = "time" | "speed" | "score";

/**
 * A history as bytes: 16 a reading, and nothing to parse, where JSON takes 28 and half a second for 100,000. The lengths of
 * the JSON part and of the columns (two 32-bit numbers), the JSON part filled up with spaces to a multiple of 8, times as
 * 64-bit floats, speeds and scores as 32-bit floats; in this machine's byte order, as the page runs on it.
 */
export function packed({ time, speed, score, ...rest }: History): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(rest));
  const head = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(head + 16 * time.length).fill(0x20, 8, head);
  new Uint32Array(bytes.buffer, 0, 2).set([head - 8, time.length]);
  bytes.set(json, 8);
  new Float64Array(bytes.buffer, head, time.length).set(time);
  new Float32Array(bytes.buffer, head + 8 * time.length, time.length).set(speed);
  new Float32Array(bytes.buffer, head + 12 * time.length, time.length).set(score);
  return bytes;
}

export function unpacked(bytes: ArrayBuffer): History {
  const [json, count] = new Uint32Array(bytes, 0, 2) as unknown as [number, number];
  const rest = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, json))) as Omit<History, Columns>;
  const head = 8 + json;
  return {
    ...rest,
    time: Array.from(new Float64Array(bytes, head, count)),
    speed: Array.from(new Float32Array(bytes, head + 8 * count, count)),
    score: Array.from(new Float32Array(bytes, head + 12 * count, count)),
  };
}
