import type { Events } from "../protocol.ts";

type Listener<K extends keyof Events> = (data: Events[K]) => void;

/** No event for this long means that what is shown may be old. */
const STALE = 10_000;

/** The server's events; reconnects by itself and tells how fresh the page is. */
export class Live {
  readonly #listeners = new Map<string, Set<Listener<any>>>();
  readonly #last = new Map<string, unknown>();
  #heard = 0;
  #source: EventSource | undefined;
  #onState: (text: string, state: "live" | "stale" | "lost") => void;

  constructor(onState: (text: string, state: "live" | "stale" | "lost") => void) {
    this.#onState = onState;
    this.#open();
    setInterval(() => this.#check(), 1000);
    document.addEventListener("visibilitychange", () => this.#check());
  }

  #open(): void {
    this.#source?.close();
    const source = new EventSource("/events");
    this.#source = source;
    for (const name of ["snapshot", "turbines", "alerts", "inbox", "simulator", "pipeline", "beat"] as const) {
      source.addEventListener(name, (event) => {
        this.#heard = Date.now();
        const data = JSON.parse((event as MessageEvent<string>).data);
        if (name !== "turbines") this.#last.set(name, data);
        for (const listener of this.#listeners.get(name) ?? []) listener(data);
        this.#onState("Live", "live");
      });
    }
    source.onerror = () => {
      // EventSource retries by itself unless the server said no (a new token after a restart).
      if (source.readyState === EventSource.CLOSED) {
        this.#onState("No connection: trying again …", "lost");
        setTimeout(() => this.#open(), 2000);
      } else this.#check();
    };
  }

  #check(): void {
    const age = Date.now() - this.#heard;
    if (this.#heard === 0 || age < STALE) {
      if (this.#source?.readyState !== EventSource.OPEN && this.#heard > 0) {
        this.#onState(`No connection: the data is ${Math.round(age / 1000)} s old`, "lost");
      }
      return;
    }
    this.#onState(
      `Stale: the data is ${Math.round(age / 1000)} s old`,
      this.#source?.readyState === EventSource.OPEN ? "stale" : "lost",
    );
  }

  /** Calls `listener` with the newest data, if there is any, and then with each event; returns how to stop. */
  on<K extends keyof Events>(name: K, listener: Listener<K>): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    if (this.#last.has(name)) listener(this.#last.get(name) as Events[K]);
    return () => set.delete(listener);
  }

  latest<K extends keyof Events>(name: K): Events[K] | undefined {
    return this.#last.get(name) as Events[K] | undefined;
  }
}

/** GET or POST /api/<name>; throws an Error with what the server said. */
export async function api<T>(name: string, body?: unknown): Promise<T> {
  const response = await fetch(
    `/api/${name}`,
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  const answer = await response.json().catch(() => ({ error: { message: `The server answered ${response.status}.` } }));
  if (!response.ok) throw new Error([answer.error?.message, answer.error?.hint].filter(Boolean).join(" "));
  return answer;
}
