import type { Edge } from "../../io/clock.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import { tail } from "./tail.ts";

/** The farm's wind over time: a value for each look, the newest last; NaN where nothing came between two looks. */
export interface WindSeries {
  /** Mean over all readings, m/s. */
  speed: number[];
  /** The highest of all readings. */
  score: number[];
}

/** Looks kept: more than any terminal is wide. */
const MOST = 500;

/** Follows the scored readings while a command shows something else; a pipeline that isn't there has none. */
export class WindWatch {
  readonly series: WindSeries = { speed: [], score: [] };
  #readings = 0;
  #sum = 0;
  #highest = Number.NaN;

  async follow(
    { clients, names, target }: Pick<Session, "clients" | "names" | "target">,
    edge: Edge & { signal: AbortSignal; wallClock(): number },
  ): Promise<void> {
    while (!edge.signal.aborted) {
      try {
        const records = tail({
          ...edge,
          kinesis: await clients.kinesis(),
          stream: names.outputStream,
          poll: target.kind === "local" ? 250 : 1000,
          start: { type: "LATEST" },
          note: () => {},
        });
        for await (const { data } of records) this.add(new TextDecoder().decode(data));
      } catch {
        // The status itself says what is wrong; the stream may come back.
        await edge.sleep(5000);
      }
    }
  }

  /** Takes a scored reading in; anything else is none. */
  add(json: string): void {
    try {
      const { speed, score } = JSON.parse(json);
      if (typeof speed !== "number" || typeof score !== "number") return;
      this.#readings++;
      this.#sum += speed;
      this.#highest = this.#highest > score ? this.#highest : score;
    } catch {
      // No JSON: no reading.
    }
  }

  /** Closes the time since the last look. */
  look(): WindSeries {
    this.series.speed.push(this.#readings > 0 ? this.#sum / this.#readings : Number.NaN);
    this.series.score.push(this.#highest);
    if (this.series.speed.length > MOST) for (const values of Object.values(this.series)) values.shift();
    this.#readings = this.#sum = 0;
    this.#highest = Number.NaN;
    return this.series;
  }
}
