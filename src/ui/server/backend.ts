import type { Edge } from "../../io/clock.ts";
import { usageError } from "../../io/errors/errors.ts";
import { parseDuration } from "../../io/text.ts";
import { describeStream } from "../../operate/tail/stream-capacity.ts";
import { tail } from "../../operate/tail/tail.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import type { Alert, DataSet, Events, PipelineState, Snapshot } from "../protocol.ts";
import { packed } from "./columns.ts";
import { Farm } from "./farm.ts";
import { Hops } from "./hops.ts";
import { Notices } from "./notices.ts";
import type { Backend, UiServer } from "./server.ts";
import { Simulator } from "./simulator.ts";
import { applyThreshold, THRESHOLDS, thresholdOf } from "./threshold.ts";

const HOUR_MS = 3_600_000;
/** Older than this on arrival here is history: it says nothing on whether a turbine is silent. */
const LIVE_MS = 60_000;
const TICK_MS = 500;

export interface PipelineBackendOptions {
  session: Session;
  edge: Edge;
  signal: AbortSignal;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** Something to tell whoever runs the server: a pause, a service that doesn't answer. */
  note(text: string): void;
}

/** The page's view of a pipeline: follows its scored readings, asks the rest from time to time. */
export class PipelineBackend implements Backend {
  readonly #options: PipelineBackendOptions;
  readonly #farm: Farm;
  readonly #notices: Notices;
  readonly #hops: Hops;
  readonly #simulator: Simulator;
  /** The newest of what is asked for, as it was sent. */
  readonly #last: Pick<Events, "alerts" | "trouble"> & { inbox?: Events["inbox"]; pipeline: PipelineState } = {
    alerts: [],
    pipeline: { hops: [] },
    trouble: { message: "" },
  };
  #scored = 0;

  /** Throws `WindopsError` where nothing is set up: a page of nothing would say less. */
  static async of(options: PipelineBackendOptions): Promise<PipelineBackend> {
    const { clients, names } = options.session;
    await describeStream(await clients.kinesis(), names.outputStream);
    return new PipelineBackend(options, await thresholdOf(options.session));
  }

  private constructor(options: PipelineBackendOptions, minScore: number) {
    const { session, edge, signal, wallClock } = options;
    this.#options = options;
    const quietMs = parseDuration(session.settings.quiet)!;
    this.#farm = new Farm({ minScore, quietMs, now: wallClock });
    this.#notices = new Notices(session, wallClock);
    this.#hops = new Hops(session, edge.now);
    const { kinesis } = session.clients;
    this.#simulator = new Simulator({ stream: session.names.inputStream, kinesis, edge, signal, wallClock });
  }

  hello(): { [K in keyof Events]?: Events[K] } {
    return { snapshot: this.#snapshot(), ...this.#last, simulator: this.#simulator.state() };
  }

  async get(name: string, query: URLSearchParams): Promise<unknown> {
    if (name === "thresholds") return this.#farm.effects(THRESHOLDS);
    if (name !== "history") return undefined;
    const id = query.get("turbine") ?? "";
    const after = Number(query.get("after") ?? Number.NaN);
    const history = this.#farm.history(id, Number.isNaN(after) ? undefined : after);
    const alerts = this.#last.alerts.filter((alert: Alert) => alert.turbineId === id);
    return history && packed({ ...history, alerts });
  }

  async post(name: string, body: unknown): Promise<unknown> {
    const input = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    if (name === "simulator") return this.#simulate(input);
    if (name === "confirm") {
      if (await this.#notices.confirm(input.mail)) return { confirmed: true };
      throw usageError("That mail asks for no confirmation.", "It may be confirmed already: reload the page.");
    }
    if (name !== "threshold") return undefined;
    this.#farm.setThreshold(await applyThreshold(this.#options.session, input.minScore));
    return {
      message: `Applied: from ${input.minScore} on. The next windops setup takes minScore from the settings again.`,
    };
  }

  /** Follows the pipeline and sends what changes to `server`'s pages until the signal; throws where the pipeline is taken down meanwhile. */
  async run(server: Pick<UiServer, "send">): Promise<void> {
    const stop = new AbortController();
    const asking = Promise.all([this.#tick(server, stop.signal), this.#ask(server, stop.signal)]);
    try {
      await this.#follow();
    } finally {
      stop.abort();
      await Promise.all([asking, this.#simulator.close()]);
    }
  }

  #snapshot(): Snapshot {
    const { kind, account, region, endpoint } = this.#options.session.target;
    const target = { kind, account, region, ...(endpoint !== undefined && { endpoint }) };
    return { target, minScore: this.#farm.minScore, turbines: this.#farm.all() };
  }

  #simulate({ action, dataSet, stream }: Record<string, unknown>) {
    if (dataSet !== "wind" && dataSet !== "anomalies") throw usageError("There is no such data set.");
    if (action === "start") this.#simulator.start(dataSet satisfies DataSet, String(stream));
    else if (action === "stop") this.#simulator.stop(dataSet);
    else throw usageError("A data set can be started and stopped.");
    return this.#simulator.state();
  }

  async #follow(): Promise<void> {
    const { session, edge, signal, wallClock, note } = this.#options;
    const records = tail({
      ...edge,
      kinesis: await session.clients.kinesis(),
      stream: session.names.outputStream,
      signal,
      poll: session.target.kind === "aws" ? 1000 : 250,
      wallClock,
      note,
      start: { type: "AT_TIMESTAMP", at: new Date(wallClock() - HOUR_MS) },
    });
    for await (const { data, arrival } of records) {
      try {
        this.#farm.add(JSON.parse(new TextDecoder().decode(data)), wallClock() - arrival < LIVE_MS);
        this.#scored++;
      } catch {
        // Not JSON: nothing to draw. The destination function puts it into quarantine.
      }
    }
  }

  async #tick(server: Pick<UiServer, "send">, stop: AbortSignal): Promise<void> {
    const { edge, signal, wallClock } = this.#options;
    let [simulator, minScore] = ["", this.#farm.minScore];
    while (!stop.aborted && !signal.aborted) {
      const changes = this.#farm.changes();
      if (this.#farm.minScore !== minScore) server.send("snapshot", this.#snapshot());
      else if (changes.length > 0) server.send("turbines", changes);
      minScore = this.#farm.minScore;
      const state = this.#simulator.state();
      if (simulator !== JSON.stringify(state)) server.send("simulator", state);
      simulator = JSON.stringify(state);
      server.send("beat", { time: wallClock() });
      await edge.sleep(TICK_MS);
    }
  }

  #why({ message, code, cause }: Error & { code?: string; cause?: { code?: string } }): string {
    const refused = (code ?? cause?.code) === "ECONNREFUSED";
    return refused && this.#options.session.target.kind === "local"
      ? "the embedded stack isn't running. Start it with windops local up."
      : message;
  }

  async #ask(server: Pick<UiServer, "send">, stop: AbortSignal): Promise<void> {
    const { session, edge, signal, note } = this.#options;
    const pause = session.target.kind === "aws" ? 10_000 : 1000;
    const changed = <K extends "alerts" | "inbox" | "pipeline" | "trouble">(event: K, data: Events[K]) => {
      const same = JSON.stringify(this.#last[event]) === JSON.stringify(data);
      Object.assign(this.#last, { [event]: data });
      if (!same) server.send(event, data);
    };
    while (!stop.aborted && !signal.aborted) {
      try {
        const inbox = await this.#notices.mails();
        if (inbox) changed("inbox", inbox);
        changed("alerts", await this.#notices.alerts());
        changed("pipeline", await this.#hops.look({ scored: this.#scored, alerts: this.#last.alerts }));
        changed("trouble", { message: "" });
      } catch (error) {
        if (stop.aborted) return;
        const message = this.#why(error as Error & { code?: string; cause?: { code?: string } });
        if (message !== this.#last.trouble.message) note(`The pipeline can't be asked at the moment: ${message}`);
        changed("trouble", { message });
      }
      await edge.sleep(pause);
    }
  }
}
