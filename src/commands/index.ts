import type { CommandSpec } from "../io/terminal/command.ts";

interface Entry {
  summary: string;
  load: () => Promise<{ command: CommandSpec<any> }>;
}

/** Every command, in the order of `--help`; a command's module is loaded only when it is called. */
export const commands: Record<string, Entry> = {
  demo: {
    summary: "the whole pipeline on this machine: wind, three anomalies, three e-mails",
    load: () => import("./demo.ts"),
  },
  setup: { summary: "create or repair the whole pipeline, or the steps named", load: () => import("./setup.ts") },
  "upload-jar": { summary: "the bucket, and the Flink job's jar in it", load: () => import("./upload-jar.ts") },
  "create-streams": { summary: "the two streams", load: () => import("./create-streams.ts") },
  "create-table": { summary: "the tables of readings and of alerts", load: () => import("./create-table.ts") },
  "create-topic": {
    summary: "the topics of notifications and of the pipeline's health",
    load: () => import("./create-topic.ts"),
  },
  "deploy-functions": {
    summary: "the two functions, with their roles and logs",
    load: () => import("./deploy-functions.ts"),
  },
  "configure-flink": {
    summary: "the Flink application, with its role and log",
    load: () => import("./configure-flink.ts"),
  },
  "attach-triggers": {
    summary: "the trigger, the schedule and the alarms",
    load: () => import("./attach-triggers.ts"),
  },
  subscribe: { summary: "send notifications to an e-mail address", load: () => import("./subscribe.ts") },
  simulate: {
    summary: "wind that looks like wind, with labelled anomalies on request",
    load: () => import("./simulate.ts"),
  },
  simulator: {
    summary: "the simulator on a small EC2 instance, which ends by itself",
    load: () => import("./simulator.ts"),
  },
  replay: {
    summary: "a SCADA export through the pipeline: CSV, CSV.gz or JSON lines",
    load: () => import("./replay.ts"),
  },
  tail: { summary: "records of a stream as they come", load: () => import("./tail.ts") },
  scan: { summary: "anomalies, highest score first", load: () => import("./scan.ts") },
  score: {
    summary: "the detector offline: the input's rows with a score column",
    load: () => import("./score.ts"),
  },
  backtest: {
    summary: "precision, recall, delay and alerts a day for each threshold; which one to choose",
    load: () => import("./backtest.ts"),
  },
  prove: {
    summary: "one anomaly through the live pipeline, with the time of each hop",
    load: () => import("./prove.ts"),
  },
  status: {
    summary: "every resource, the lag at each stage, the forest's warm-up",
    load: () => import("./status.ts"),
  },
  logs: {
    summary: "the logs of the Flink application and the functions, followed",
    load: () => import("./logs.ts"),
  },
  ui: { summary: "the page: farm, alerts, simulator, pipeline", load: () => import("./ui.ts") },
  start: { summary: "start the Flink application, from its latest snapshot", load: () => import("./start.ts") },
  stop: { summary: "stop the Flink application, with a snapshot", load: () => import("./stop.ts") },
  cost: {
    summary: "what the pipeline costs an hour and a month, before it is created",
    load: () => import("./cost.ts"),
  },
  doctor: {
    summary: "what could be in the way, each checked for real, with the fix",
    load: () => import("./doctor.ts"),
  },
  permissions: {
    summary: "the IAM policy that the operator needs, made from the calls that windops makes",
    load: () => import("./permissions.ts"),
  },
  destroy: { summary: "remove the pipeline: lists, asks, removes, lists again", load: () => import("./destroy.ts") },
  build: {
    summary: "the Flink jar, and Flink's runtime for --engine flink, by Maven",
    load: () => import("./build.ts"),
  },
  completion: {
    summary: "the script that completes windops' commands and flags in a shell",
    load: () => import("./completion/completion.ts"),
  },
  local: {
    summary: "the embedded stack, as a background process; its mail",
    load: () => import("./local.ts"),
  },
};
