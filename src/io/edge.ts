/** The process's own clock and randomness, as the parts that wait and jitter take them. */
export interface Edge {
  /** Monotonic milliseconds. */
  now(): number;
  /** Ends early, without an error, when the edge's signal is aborted. */
  sleep(milliseconds: number): Promise<void>;
  /** [0, 1) */
  random(): number;
}

export function edge(signal: AbortSignal): Edge {
  return {
    now: () => performance.now(),
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const done = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, milliseconds);
        signal.addEventListener("abort", done, { once: true });
      }),
    random: Math.random,
  };
}
