import { orAbsent } from "../aws/failures.ts";
import { DescribeApplicationCommand } from "../aws/flink.ts";
import { DescribeStreamSummaryCommand } from "../aws/kinesis.ts";
import { ListEventSourceMappingsCommand } from "../aws/lambda.ts";
import { ListSubscriptionsByTopicCommand } from "../aws/sns.ts";
import { identities } from "../pipeline/identities.ts";
import type { Session } from "../pipeline/session.ts";
import type { Alert, Hop, PipelineState } from "./protocol.ts";

/** The embedded stack's figures of the Flink application. */
interface Figures {
  recordsIn: number;
  recordsOut: number;
  rejected?: number;
  restarts: number;
  millisBehindLatest?: number;
  warmUp?: Record<string, number>;
}

/** What the page saw itself. */
export interface Seen {
  /** Scored records so far. */
  scored: number;
  alerts: Alert[];
}

const SETUP = "windops setup";

/** Asks each hop how it is. Keeps the counts of the look before, of which rates are made. */
export class Hops {
  readonly #session: Session;
  readonly #now: () => number;
  #before: { at: number; scored: number; recordsIn: number | undefined } | undefined;

  /** `now`: monotonic milliseconds. */
  constructor(session: Session, now: () => number) {
    this.#session = session;
    this.#now = now;
  }

  async look({ scored, alerts }: Seen): Promise<PipelineState> {
    const { names } = this.#session;
    const [input, application, figures, output, trigger, subscribers] = await Promise.all([
      this.#stream(names.inputStream, "Readings in"),
      this.#application(),
      this.#figures(),
      this.#stream(names.outputStream, "Scored readings"),
      this.#trigger(),
      this.#subscribers(alerts),
    ]);
    const at = this.#now();
    const rate = (count: number | undefined, before: number | undefined) => {
      if (count === undefined || before === undefined || at <= this.#before!.at) return {};
      return { rate: Math.max(0, ((count - before) * 1000) / (at - this.#before!.at)) };
    };
    const hops: Hop[] = [
      { ...input, ...rate(figures?.recordsIn, this.#before?.recordsIn) },
      {
        ...application,
        ...(figures && { errors: (figures.rejected ?? 0) + figures.restarts }),
        ...(figures?.millisBehindLatest !== undefined && { lagMs: figures.millisBehindLatest }),
      },
      { ...output, ...rate(scored, this.#before?.scored) },
      trigger,
      subscribers,
    ];
    this.#before = { at, scored, recordsIn: figures?.recordsIn };
    const warm = Object.values(figures?.warmUp ?? {});
    return { hops, ...(warm.length > 0 && { warmup: warm.filter((w) => w >= 1).length / warm.length }) };
  }

  async #stream(StreamName: string, what: string): Promise<Hop> {
    const kinesis = await this.#session.clients.kinesis();
    const found = await orAbsent(kinesis.send(new DescribeStreamSummaryCommand({ StreamName })));
    const name = `${what}: ${StreamName}`;
    if (!found) return missing(name, "The stream isn't there.");
    const { StreamStatus, OpenShardCount } = found.StreamDescriptionSummary!;
    const detail = `${StreamStatus}, ${OpenShardCount} shard${OpenShardCount === 1 ? "" : "s"}`;
    return { name, health: /ACTIVE|UPDATING/.test(StreamStatus ?? "") ? "ok" : "warn", detail };
  }

  async #application(): Promise<Hop> {
    const { clients, names } = this.#session;
    const flink = await clients.flink();
    const found = await orAbsent(flink.send(new DescribeApplicationCommand({ ApplicationName: names.application })));
    const name = `Flink: ${names.application}`;
    if (!found) return missing(name, "The application isn't there.");
    const status = found.ApplicationDetail?.ApplicationStatus ?? "";
    if (status === "RUNNING") return { name, health: "ok", detail: status };
    if (status === "READY") return { name, health: "error", detail: "It is stopped.", fix: "windops start" };
    return { name, health: "warn", detail: status };
  }

  async #figures(): Promise<Figures | undefined> {
    const { target, names } = this.#session;
    if (target.kind !== "local") return undefined;
    const response = await fetch(
      `${target.endpoint}/_windops/application?name=${encodeURIComponent(names.application)}`,
    );
    return response.ok ? ((await response.json()) as Figures[])[0] : undefined;
  }

  async #trigger(): Promise<Hop> {
    const { clients, names } = this.#session;
    const lambda = await clients.lambda();
    const FunctionName = names.destinationFunction;
    const page = await orAbsent(lambda.send(new ListEventSourceMappingsCommand({ FunctionName })));
    const name = `Stored by ${FunctionName}`;
    const mapping = page?.EventSourceMappings?.[0];
    if (!mapping) return missing(name, "The function has no trigger.");
    const last = mapping.LastProcessingResult ?? "";
    if (mapping.State !== "Enabled") return { name, health: "error", detail: `Trigger ${mapping.State}`, fix: SETUP };
    if (last === "" || /^(OK|No records processed)$/i.test(last))
      return { name, health: "ok", detail: last || "Enabled" };
    return { name, health: "warn", detail: last, fix: "Read the function's log." };
  }

  async #subscribers(alerts: Alert[]): Promise<Hop> {
    const { clients, names } = this.#session;
    const sns = await clients.sns();
    const TopicArn = identities(this.#session).arns.topic;
    const page = await orAbsent(sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })));
    const name = `Told by ${names.deliveryFunction}`;
    if (!page) return missing(name, "The topic isn't there.");
    const all = page.Subscriptions ?? [];
    const confirmed = all.filter(({ SubscriptionArn }) => SubscriptionArn?.startsWith("arn:")).length;
    const count = (state: Alert["state"]) => alerts.filter((alert) => alert.state === state).length;
    const errors = count("failed");
    const detail = `${count("sent")} told; ${confirmed} of ${all.length} subscriptions confirmed`;
    if (errors > 0) return { name, health: "error", detail, errors, fix: "Read the function's log." };
    const fix =
      all.length === 0 ? "windops subscribe you@example.org" : "Confirm the subscription from its mail (view Alerts).";
    return confirmed > 0 ? { name, health: "ok", detail, errors } : { name, health: "warn", detail, errors, fix };
  }
}

const missing = (name: string, detail: string): Hop => ({ name, health: "error", detail, fix: SETUP });
