import { readFlow } from "../../operate/status/flow.ts";
import { pipelineOf } from "../../pipeline/resource.ts";
import type { Session } from "../../pipeline/settings/session.ts";

/** What flows through each stage, as far as it is known. Errors count since the stage was started; on AWS in the last minute. */
export interface Figures {
  /** Items since some moment; two looks make a rate. */
  counts: { readings?: number; stored?: number };
  /** Items a second, where the service itself says. */
  rates: { readings?: number; scored?: number };
  scoringLagMs?: number;
  storingLagMs?: number;
  scoringErrors?: number;
  storingErrors?: number;
  tellingErrors?: number;
  /** Share of the turbines whose forest is warm. */
  warmup?: number;
}

/** CloudWatch's figures stand for a minute each, and each question costs. */
const CLOUDWATCH_EVERY_MS = 60_000;

/** Asks the embedded stack itself where that is the target, else CloudWatch. */
export class FigureReader {
  readonly #session: Session;
  readonly #now: () => number;
  #asked = Number.NEGATIVE_INFINITY;
  #cloudwatch: Figures = { counts: {}, rates: {} };

  /** `now`: monotonic milliseconds. */
  constructor(session: Session, now: () => number) {
    this.#session = session;
    this.#now = now;
  }

  async read(): Promise<Figures> {
    if (this.#session.target.kind === "local") return this.#local();
    if (this.#now() - this.#asked >= CLOUDWATCH_EVERY_MS) {
      this.#asked = this.#now();
      this.#cloudwatch = await this.#metrics();
    }
    return this.#cloudwatch;
  }

  async #local(): Promise<Figures> {
    const { target, names } = this.#session;
    const list = async (path: string): Promise<any[]> => {
      const response = await fetch(`${target.endpoint}/_windops/${path}`);
      return response.ok ? ((await response.json()) as any[]) : [];
    };
    const [applications, mappings] = await Promise.all([
      list(`application?name=${encodeURIComponent(names.application)}`),
      list("event-source-mappings"),
    ]);
    const application = applications.find(({ region }) => region === target.region);
    const mapping = mappings.find(({ FunctionArn = "" }) => FunctionArn.endsWith(`:${names.destinationFunction}`));
    const shards: any[] = Object.values(mapping?.Shards ?? {});
    const sum = (field: string) => shards.reduce((total, shard) => total + (shard[field] ?? 0), 0);
    const ages = shards.flatMap(({ iteratorAgeMs }) => iteratorAgeMs ?? []);
    const warm = Object.values((application?.warmUp ?? {}) as Record<string, number>);
    return {
      counts: {
        ...(application && { readings: application.recordsIn }),
        ...(mapping && { stored: sum("records") }),
      },
      rates: {},
      ...(application && { scoringErrors: (application.rejected ?? 0) + application.restarts }),
      ...(application?.millisBehindLatest != null && { scoringLagMs: application.millisBehindLatest }),
      ...(mapping && { storingErrors: sum("errors") }),
      ...(ages.length > 0 && { storingLagMs: Math.max(...ages) }),
      ...(warm.length > 0 && { warmup: warm.filter((w) => w >= 1).length / warm.length }),
    };
  }

  async #metrics(): Promise<Figures> {
    const { readingsPerMinute, scoresPerMinute, restarts, ...flow } = await readFlow(pipelineOf(this.#session));
    const { scoringLagMs, storingLagMs, storingErrors, tellingErrors } = flow;
    return {
      counts: {},
      rates: {
        ...(readingsPerMinute !== undefined && { readings: readingsPerMinute / 60 }),
        ...(scoresPerMinute !== undefined && { scored: scoresPerMinute / 60 }),
      },
      ...(restarts !== undefined && { scoringErrors: restarts }),
      ...(scoringLagMs !== undefined && { scoringLagMs }),
      ...(storingLagMs !== undefined && { storingLagMs }),
      ...(storingErrors !== undefined && { storingErrors }),
      ...(tellingErrors !== undefined && { tellingErrors }),
    };
  }
}
