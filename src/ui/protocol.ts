// What the page and its server say to each other. Times are epoch milliseconds, speeds m/s.

export type TurbineStatus = "warming" | "calm" | "high-wind" | "anomaly" | "silent";

/** Speeds in a card's sparkline. */
export const SPARK = 40;

/** A turbine as the farm view shows it. */
export interface TurbineSummary {
  id: string;
  location: string;
  speed: number;
  score: number;
  /** Event time of the last reading. */
  time: number;
  status: TurbineStatus;
  /** The last speeds, oldest first, for the card's sparkline: in a snapshot as many as it shows, as news those since the last. */
  recent: number[];
  /** Readings so far: says which of `recent` a page has already. */
  count: number;
  /** The anomaly that is not over yet, where the status says that there is one. */
  anomaly?: AnomalyRun;
}

/** A turbine's news with the speeds before them; those that the snapshot had already aren't taken twice. */
export function withNews(known: TurbineSummary | undefined, news: TurbineSummary): TurbineSummary {
  const fresh = Math.max(0, news.count - (known?.count ?? 0));
  const recent = [...(known?.recent ?? []), ...(fresh > 0 ? news.recent.slice(-fresh) : [])];
  return { ...news, recent: recent.slice(-SPARK) };
}

/** Event time of the first and last reading at or above the threshold, and the highest of each figure between them. */
export interface AnomalyRun {
  from: number;
  to: number;
  peakScore: number;
  peakSpeed: number;
}

export interface Target {
  kind: "local" | "aws" | "endpoint";
  account: string;
  region: string;
  endpoint?: string;
}

export interface Snapshot {
  target: Target;
  minScore: number;
  turbines: TurbineSummary[];
}

export interface History {
  id: string;
  location: string;
  minScore: number;
  /** Columns of equal length, by event time. */
  time: number[];
  speed: number[];
  score: number[];
  anomalies: AnomalyRun[];
  alerts: Alert[];
}

/** How far the notification of an anomaly has come; withheld: the turbine's cool-down keeps it back for good. */
export type DeliveryState = "stored" | "claimed" | "sent" | "failed" | "withheld";

export interface Alert {
  turbineId: string;
  location: string;
  speed: number;
  score: number;
  /** Event time of the anomaly's first reading. */
  time: number;
  state: DeliveryState;
  /** Milliseconds from the anomaly being noted to its notification being sent. */
  latency?: number;
  subject?: string;
  text?: string;
}

export interface Mail {
  id: string;
  to: string;
  subject: string;
  text: string;
  /** When it was delivered. */
  time: number;
  /** Of a mail that asks for a confirmation: whether it has it. */
  confirmed?: boolean;
}

export type DataSet = "wind" | "anomalies";

export interface SimulatorState {
  stream: string;
  running: Record<DataSet, boolean>;
  sent: number;
  acknowledged: number;
  resent: number;
  error?: string;
  /** The newest records as they were sent. */
  latest: string[];
}

export interface Hop {
  /** What it does, and the resource that does it. */
  title: string;
  resource: string;
  /** ok: works; idle: nothing to do; warn and error carry `fix`. */
  health: "ok" | "idle" | "warn" | "error";
  detail: string;
  /** Items a second over the last seconds. */
  rate?: number;
  lagMs?: number;
  errors?: number;
  fix?: string;
}

export interface PipelineState {
  hops: Hop[];
  /** Share of the turbines whose forest is warm, 0 to 1. */
  warmup?: number;
}

/** What the history holds at one threshold. */
export interface ThresholdEffect {
  minScore: number;
  readings: number;
  anomalies: number;
}

export interface Events {
  snapshot: Snapshot;
  turbines: TurbineSummary[];
  alerts: Alert[];
  inbox: Mail[];
  simulator: SimulatorState;
  pipeline: PipelineState;
  /** Why the pipeline can't be asked at the moment; empty where it can. */
  trouble: { message: string };
  beat: { time: number };
}
