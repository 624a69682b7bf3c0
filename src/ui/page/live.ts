import { type Events, type TurbineSummary, withNews } from "../protocol.ts";

type Listener<K extends keyof Events> = (data: Events[K]) => void;

/**
 * Live: events come. Stale: connected, but none came for a while. Lost: no connection. Refused: this page's token is
 * another server's.
 */
export type Connection = "connecting" | "live" | "stale" | "lost" | "refused";

/** No event for this long means that what is shown may be old. */
const STALE_MS = 10_000;
const RETRY_MS = 2000;

/** The server's events; reconnects by itself and tells how fresh the page is. */
export class Live {
  readonly #listeners = new Map<string, Set<Listener<any>>>();
  readonly #last = new Map<string, object>();
  #turbines = new Map<string, TurbineSummary>();
  readonly #onState: (state: Connection, ageMs: number) => void;
  /** Of the last event; 0 before the first. */
  #heard = 0;
  #refused = false;
  #source: EventSource | undefined;

  constructor(onState: (state: Connection, ageMs: number) => void) {
    this.#onState = onState;
    this.#open();
    setInterval(() => this.#check(), 1000);
    document.addEventListener("visibilitychange", () => this.#check());
    // The server is this machine: reached without any network too, but a browser that comes back should look at once.
    addEventListener("online", () => this.#open());
  }

  #open(): void {
    this.#source?.close();
    const source = new EventSource("/events");
    this.#source = source;
    for (const name of [
      "snapshot",
      "turbines",
      "alerts",
      "inbox",
      "simulator",
      "pipeline",
      "trouble",
      "beat",
    ] as const) {
      source.addEventListener(name, (event) => {
        this.#heard = Date.now();
        this.#refused = false;
        const data = JSON.parse((event as MessageEvent<string>).data);
        const kept = this.#keep(name, data);
        for (const listener of this.#listeners.get(name) ?? []) listener(kept);
        this.#check();
      });
    }
    source.onerror = () => {
      // EventSource tries again by itself unless it got an answer that is no event stream.
      if (source.readyState === EventSource.CLOSED) {
        void this.#whyClosed();
        setTimeout(() => this.#source === source && this.#open(), RETRY_MS);
      }
      this.#check();
    };
  }

  /** What a view that opens later begins with: a turbine's news belong into the snapshot. */
  #keep<K extends keyof Events>(name: K, data: Events[K]): Events[K] {
    if (name === "snapshot") this.#turbines = new Map((data as Events["snapshot"]).turbines.map((t) => [t.id, t]));
    if (name === "turbines") {
      const whole = (data as Events["turbines"]).map((news) => withNews(this.#turbines.get(news.id), news));
      for (const turbine of whole) this.#turbines.set(turbine.id, turbine);
      return whole as Events[K];
    }
    this.#last.set(name, data);
    return data;
  }

  async #whyClosed(): Promise<void> {
    const status = await fetch("/").then(
      (response) => response.status,
      () => 0,
    );
    this.#refused = status === 401;
    this.#check();
  }

  #check(): void {
    const age = Date.now() - this.#heard;
    const connected = this.#source?.readyState === EventSource.OPEN;
    if (this.#refused) this.#onState("refused", age);
    else if (this.#heard === 0) this.#onState("connecting", 0);
    else if (!connected) this.#onState("lost", age);
    else this.#onState(age < STALE_MS ? "live" : "stale", age);
  }

  /** Calls `listener` with the newest data, if there is any, and then with each event; returns how to stop. */
  on<K extends keyof Events>(name: K, listener: Listener<K>): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    const last = this.#last.get(name);
    if (last !== undefined) {
      const now = name === "snapshot" ? { ...last, turbines: [...this.#turbines.values()] } : last;
      listener(now as Events[K]);
    }
    return () => set.delete(listener);
  }
}

/** GET or POST /api/<name>; throws an Error with what the server said. An answer that is no JSON is its bytes. */
export async function api<T>(name: string, body?: unknown): Promise<T> {
  const response = await fetch(
    `/api/${name}`,
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  if (response.headers.get("content-type") === "application/octet-stream") return (await response.arrayBuffer()) as T;
  const answer = await response.json().catch(() => ({ error: { message: `The server answered ${response.status}.` } }));
  if (!response.ok) throw new Error([answer.error?.message, answer.error?.hint].filter(Boolean).join(" "));
  return answer;
}
