import { orAbsent } from "../../aws/failures.ts";
import { DescribeApplicationCommand } from "../../aws/flink.ts";
import { DescribeStreamSummaryCommand } from "../../aws/kinesis.ts";
import { ListEventSourceMappingsCommand } from "../../aws/lambda.ts";
import { ListSubscriptionsByTopicCommand } from "../../aws/sns.ts";
import { identities } from "../../pipeline/settings/identities.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import type { Alert, Hop, PipelineState } from "../protocol.ts";
import { FigureReader } from "./figures.ts";

/** What the page saw itself. */
export interface Seen {
  /** Scored records so far. */
  scored: number;
  alerts: Alert[];
}

const SETUP = "windops setup";
/** Rates are over so many looks: a second alone jumps. */
const LOOKS = 10;

type Count = "readings" | "scored" | "stored" | "told";
type Look = { at: number } & { [count in Count]?: number | undefined };

/** Asks each hop how it is. Keeps the counts of the looks before, of which rates are made. */
export class Hops {
  readonly #session: Session;
  readonly #now: () => number;
  readonly #figures: FigureReader;
  readonly #looks: Look[] = [];

  /** `now`: monotonic milliseconds. */
  constructor(session: Session, now: () => number) {
    this.#session = session;
    this.#now = now;
    this.#figures = new FigureReader(session, now);
  }

  async look({ scored, alerts }: Seen): Promise<PipelineState> {
    const { names } = this.#session;
    const [input, application, figures, output, trigger, telling] = await Promise.all([
      this.#stream(names.inputStream, "Readings in"),
      this.#application(),
      this.#figures.read(),
      this.#stream(names.outputStream, "Scored readings"),
      this.#trigger(),
      this.#telling(alerts),
    ]);
    const told = alerts.filter(({ state }) => state === "sent");
    const rates = this.#rates({ at: this.#now(), ...figures.counts, scored, told: told.length });
    const readings = figures.rates.readings ?? rates.readings;
    const scores = figures.rates.scored ?? rates.scored;
    const failed = alerts.filter(({ state }) => state === "failed").length + (figures.tellingErrors ?? 0);
    const hops: Hop[] = [
      withFigures(input, { rate: readings }),
      withFigures(application, { rate: scores, lagMs: figures.scoringLagMs, errors: figures.scoringErrors }),
      withFigures(output, { rate: scores }),
      withFigures(trigger, {
        rate: rates.stored ?? scores,
        lagMs: figures.storingLagMs,
        errors: figures.storingErrors,
      }),
      withFigures(telling, { rate: rates.told, lagMs: told[0]?.latency, errors: failed }),
    ];
    return { hops, ...(figures.warmup !== undefined && { warmup: figures.warmup }) };
  }

  /** Items a second since the oldest look; nothing for what was never counted, or began again. */
  #rates(look: Look): { [count in Count]?: number } {
    const before = this.#looks[0];
    this.#looks.push(look);
    if (this.#looks.length > LOOKS) this.#looks.shift();
    if (!before || look.at <= before.at) return {};
    const rates: { [count in Count]?: number } = {};
    for (const count of ["readings", "scored", "stored", "told"] as const) {
      const [from, to] = [before[count], look[count]];
      if (from !== undefined && to !== undefined)
        rates[count] = (Math.max(0, to - from) * 1000) / (look.at - before.at);
    }
    return rates;
  }

  async #stream(StreamName: string, title: string): Promise<Hop> {
    const kinesis = await this.#session.clients.kinesis();
    const found = await orAbsent(kinesis.send(new DescribeStreamSummaryCommand({ StreamName })));
    const hop = { title, resource: StreamName };
    if (!found) return missing(hop, "The stream isn't there.");
    const { StreamStatus, OpenShardCount } = found.StreamDescriptionSummary!;
    const detail = `${StreamStatus}, ${OpenShardCount} shard${OpenShardCount === 1 ? "" : "s"}`;
    return { ...hop, health: /ACTIVE|UPDATING/.test(StreamStatus ?? "") ? "ok" : "warn", detail };
  }

  async #application(): Promise<Hop> {
    const { clients, names } = this.#session;
    const flink = await clients.flink();
    const found = await orAbsent(flink.send(new DescribeApplicationCommand({ ApplicationName: names.application })));
    const hop = { title: "Scored by Flink", resource: names.application };
    if (!found) return missing(hop, "The application isn't there.");
    const status = found.ApplicationDetail?.ApplicationStatus ?? "";
    if (status === "RUNNING") return { ...hop, health: "ok", detail: status };
    if (status === "READY") return { ...hop, health: "error", detail: "It is stopped.", fix: "windops start" };
    return { ...hop, health: "warn", detail: status };
  }

  async #trigger(): Promise<Hop> {
    const { clients, names } = this.#session;
    const lambda = await clients.lambda();
    const FunctionName = names.destinationFunction;
    const page = await orAbsent(lambda.send(new ListEventSourceMappingsCommand({ FunctionName })));
    const hop = { title: "Stored", resource: FunctionName };
    const mapping = page?.EventSourceMappings?.[0];
    if (!mapping) return missing(hop, "The function has no trigger.");
    const last = mapping.LastProcessingResult ?? "";
    if (mapping.State !== "Enabled") return { ...hop, health: "error", detail: `Trigger ${mapping.State}`, fix: SETUP };
    if (last === "" || /^(OK|No records processed)$/i.test(last))
      return { ...hop, health: "ok", detail: last || "Enabled" };
    return { ...hop, health: "warn", detail: last, fix: `windops logs ${FunctionName}` };
  }

  async #telling(alerts: Alert[]): Promise<Hop> {
    const { clients, names } = this.#session;
    const sns = await clients.sns();
    const TopicArn = identities(this.#session).arns.topic;
    const page = await orAbsent(sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })));
    const hop = { title: "Told", resource: names.deliveryFunction };
    if (!page) return missing(hop, "The topic isn't there.");
    const all = page.Subscriptions ?? [];
    const confirmed = all.filter(({ SubscriptionArn }) => SubscriptionArn?.startsWith("arn:")).length;
    const count = (state: Alert["state"]) => alerts.filter((alert) => alert.state === state).length;
    const detail = `${count("sent")} told; ${confirmed} of ${all.length} subscriptions confirmed`;
    if (count("failed") > 0) return { ...hop, health: "error", detail, fix: `windops logs ${names.deliveryFunction}` };
    if (confirmed > 0) return { ...hop, health: "ok", detail };
    const fix =
      all.length === 0 ? "windops subscribe you@example.org" : "Confirm the subscription in its mail: view Alerts.";
    return { ...hop, health: "warn", detail, fix };
  }
}

const missing = (hop: Pick<Hop, "title" | "resource">, detail: string): Hop => ({
  ...hop,
  health: "error",
  detail,
  fix: SETUP,
});

/** The hop with those of its figures that are known. */
function withFigures(
  hop: Hop,
  figures: { [figure in "rate" | "lagMs" | "errors"]: number | undefined } | { rate: number | undefined },
): Hop {
  return { ...hop, ...Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) };
}
