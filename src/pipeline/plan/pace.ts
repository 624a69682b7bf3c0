/** How fast states are asked for again: back-off from `first` to `most` milliseconds; `sleep` ends early on abort. */
export interface Pace {
  first: number;
  most: number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { setTimeout } = await import("node:timers/promises");
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}

/** The embedded stack's states change within milliseconds; AWS's take seconds to minutes. */
export function paceOf(kind: "local" | "aws" | "endpoint"): Pace {
  const now = () => performance.now();
  return kind === "aws" ? { first: 500, most: 5_000, sleep, now } : { first: 5, most: 250, sleep, now };
}

/** Milliseconds before asking for the `attempt`th time, counted from 0: doubling. */
export function delay(pace: Pace, attempt: number): number {
  return Math.min(pace.most, pace.first * 2 ** attempt);
}
