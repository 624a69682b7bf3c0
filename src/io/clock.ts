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
  const sleepers = new Set<() => void>();
  // One listener for all who sleep: a signal warns of more than ten.
  signal.addEventListener(
    "abort",
    () => {
      for (const wake of [...sleepers]) wake();
    },
    { once: true },
  );
  return {
    now: () => performance.now(),
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = () => {
          clearTimeout(timer);
          sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, milliseconds);
        sleepers.add(wake);
      }),
    random: Math.random,
  };
}
