import { writeFileSync } from "node:fs";

/** Readings of `dimensions` features as a file of single-precision numbers: wind speed as a first-order process, and its changes. */
export function writeWind(file: string, count: number, dimensions: number): void {
  const values = new Float32Array(count * dimensions);
  let state = 12345;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let speed = 9;
  for (let i = 0; i < count; i++) {
    let normal = -6;
    for (let k = 0; k < 12; k++) normal += uniform();
    const before = speed;
    speed = Math.abs(speed - 0.05 * (speed - 9) + 0.45 * normal);
    values[i * dimensions] = speed;
    for (let d = 1; d < dimensions; d++) values[i * dimensions + d] = (speed - before) * d;
  }
  writeFileSync(file, values);
}
