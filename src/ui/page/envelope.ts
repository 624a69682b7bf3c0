import type { History } from "../protocol.ts";

/** A pause longer than so many usual distances between readings is no line. */
const PAUSE = 10;
/** With so many readings to a pixel's width all are drawn. */
const FEW = 3;

/** Times in seconds, speeds, scores: as uPlot takes them. */
export type Lines = [number[], (number | null)[], (number | null)[]];

/**
 * The readings between two times as lines that look the same on so many pixels: of what falls on one pixel's width the first
 * and the last reading, and those with the lowest and highest speed and score. Where the turbine was silent a point without
 * values parts the lines; one reading on either side leads out of the range.
 */
export function envelope({ time, speed, score }: History, from: number, to: number, pixels: number): Lines {
  const lines: Lines = [[], [], []];
  const last = time.length - 1;
  const pause = (PAUSE * (time[last]! - time[0]!)) / Math.max(1, last);
  const begin = Math.max(0, indexOf(time, from) - 1);
  const end = Math.min(last, indexOf(time, to));
  const put = (i: number) => {
    lines[0].push(time[i]! / 1000);
    lines[1].push(speed[i]!);
    lines[2].push(score[i]!);
  };
  const all = end - begin <= FEW * pixels;
  const width = (to - from) / pixels;
  /** Of the pixel at hand: first, lowest and highest speed, lowest and highest score, last. */
  const chosen = [0, 0, 0, 0, 0, 0];
  const flush = () => {
    chosen.sort((a, b) => a - b);
    for (const [n, i] of chosen.entries()) if (i !== chosen[n - 1]) put(i);
  };
  let column = Number.NaN;
  for (let i = begin; i <= end; i++) {
    const parted = i > begin && time[i]! - time[i - 1]! > pause;
    const here = all ? i : Math.floor((time[i]! - from) / width);
    if (here !== column || parted) {
      if (i > begin) flush();
      chosen.fill(i);
      column = here;
    }
    if (parted) {
      lines[0].push((time[i - 1]! + 1) / 1000);
      lines[1].push(null);
      lines[2].push(null);
    }
    if (speed[i]! < speed[chosen[1]!]!) chosen[1] = i;
    if (speed[i]! > speed[chosen[2]!]!) chosen[2] = i;
    if (score[i]! < score[chosen[3]!]!) chosen[3] = i;
    if (score[i]! > score[chosen[4]!]!) chosen[4] = i;
    chosen[5] = i;
  }
  if (end >= begin) flush();
  return lines;
}

/** Of the first reading at `at` or later; the times' length where there is none. */
function indexOf(time: number[], at: number): number {
  let [low, high] = [0, time.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
