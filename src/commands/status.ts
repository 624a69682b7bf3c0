import { milliseconds } from "../io/parse.ts";
import { defineCommand } from "../io/terminal/command.ts";
import type { IO } from "../io/terminal/io.ts";
import { sparkline } from "../io/terminal/sparkline.ts";
import { duration } from "../io/text.ts";
import type { Flow } from "../operate/status/flow.ts";
import type { PipelineStatus, ResourceStatus } from "../operate/status/status.ts";
import type { WindSeries } from "../operate/tail/wind-watch.ts";
import type { ApplicationStatus } from "../pipeline/flink/application-status.ts";

export const command = defineCommand({
  name: "status",
  summary: "every resource, the lag at each stage, the forest's warm-up",
  description:
    "Says of every resource whether it is there, as `setup` would make it, and well; how far each stage is behind; and how warm the forests are. Exits with 1 where something is missing, drifted or unwell.",
  options: [
    {
      flags: "--watch [interval]",
      description: "again and again (default every 5s), until Ctrl-C",
      parse: (t: string) => milliseconds("--watch")(t),
    },
  ],
  examples: ["windops status", "windops status --watch", "windops status --json"],
  async run(ctx, _, options): Promise<PipelineStatus | undefined> {
    const [{ connect }, { provisioning }, { readStatus }] = await Promise.all([
      import("../pipeline/settings/session.ts"),
      import("../pipeline/plan/provision.ts"),
      import("../operate/status/status.ts"),
    ]);
    const what = provisioning(await connect(ctx, { start: false }), ctx.env);
    if (!options.watch) return readStatus(what);
    const [{ WindWatch }, { edge }] = await Promise.all([
      import("../operate/tail/wind-watch.ts"),
      import("../io/clock.ts"),
    ]);
    const { signal } = ctx;
    const { sleep, ...rest } = edge(signal);
    const live = ctx.io.outIsTTY && !ctx.io.json;
    const wind = new WindWatch();
    const followed = live
      ? wind.follow(what.pipeline, { ...rest, sleep, signal, wallClock: () => ctx.now().getTime() })
      : Promise.resolve();
    const every = options.watch === true ? 5000 : options.watch;
    while (!ctx.signal.aborted) {
      const status = await readStatus(what);
      if (live) ctx.io.out("\u001b[2J\u001b[H");
      if (ctx.io.json) ctx.io.record(status, "");
      else renderStatus(status, ctx.io, ctx.now());
      if (live)
        for (const line of windLines(wind.look(), what.pipeline.settings.minScore, ctx.io.width)) ctx.io.out(line);
      await sleep(every);
    }
    await followed;
    return undefined;
  },
  render: (status, io) => renderStatus(status, io),
  exitCode: (status) => (status === undefined || status.healthy ? 0 : 1),
});

function renderStatus(status: PipelineStatus | undefined, io: IO, now = new Date()): void {
  if (!status) return;
  const { red, green, yellow } = io.style;
  const shown = {
    present: green("present"),
    missing: red("missing"),
    drifted: yellow("drifted"),
    pending: yellow("pending"),
    foreign: red("not ours"),
  };
  const width = Math.max(...status.resources.map(({ type }) => type.length));
  for (const resource of status.resources) {
    const word = resource.problem && resource.state === "present" ? red("unwell ") : shown[resource.state].padEnd(8);
    io.out(`${word} ${resource.type.padEnd(width)}  ${resource.name}${about(resource)}`);
    for (const { property, from, to } of resource.changes) io.out(`           ${property}: ${from ?? "none"} → ${to}`);
  }
  if (status.application) io.out(applicationLine(status.application, status.flow, now));
  if (status.flow) for (const line of flowLines(status.flow)) io.out(line);
  if (status.simulator) {
    const { instance, state, until } = status.simulator;
    io.out(`Simulator on EC2: ${instance} ${state}${until ? `, ends itself at ${until}` : ""}`);
  }
  const ill = status.resources.filter(({ state, problem }) => state !== "present" || problem).length;
  if (ill === 0) io.out(green("All is well."));
  else
    io.out(
      `${ill} of ${status.resources.length} need attention: \`windops setup\` repairs what is missing or drifted.`,
    );
}

/** Speed and score over the looks so far: from calm to a storm, and up to twice the threshold. */
export function windLines({ speed, score }: WindSeries, minScore: number, width: number): string[] {
  const lines = [
    { name: "Speed", values: speed, max: 25, now: (v: number) => `${v.toFixed(1)} m/s, mean` },
    { name: "Score", values: score, max: 2 * minScore, now: (v: number) => `${v.toFixed(2)}, highest` },
  ];
  return lines.flatMap(({ name, values, max, now }) => {
    const last = values.findLast(Number.isFinite);
    if (last === undefined) return [];
    const bars = sparkline(
      values.map((v) => Math.min(v, max)),
      Math.min(40, width - 24),
      { max },
    );
    return [`${name}: ${bars}${bars && " "}${now(last)}`];
  });
}

function about({ note, problem }: ResourceStatus): string {
  const text = [note, problem].filter(Boolean).join("; ");
  return text ? ` (${text})` : "";
}

function applicationLine(application: ApplicationStatus, flow: Flow | undefined, now: Date): string {
  const { version, status, parallelism, snapshots, lastSnapshot } = application;
  const ago = (at: string) => `${duration(Math.max(0, now.getTime() - Date.parse(at)))} ago`;
  const checkpoint = flow?.lastCheckpoint;
  return [
    `Application: version ${version}, ${status}, parallelism ${parallelism}`,
    ...(flow?.restarts === undefined ? [] : [flow.restarts === 1 ? "1 restart" : `${flow.restarts} restarts`]),
    ...(checkpoint ? [checkpointText(checkpoint, ago)] : []),
    ...(flow?.failedCheckpoints ? [`${flow.failedCheckpoints} failed checkpoints`] : []),
    lastSnapshot ? `last snapshot ${ago(lastSnapshot.at)} (of ${snapshots})` : "no snapshot",
  ].join(", ");
}

function checkpointText({ at, durationMs, bytes }: NonNullable<Flow["lastCheckpoint"]>, ago: (at: string) => string) {
  const about = [
    ...(durationMs === undefined ? [] : [`took ${duration(durationMs)}`]),
    ...(bytes === undefined ? [] : [`${(bytes / 1e6).toFixed(1)} MB`]),
  ].join(", ");
  return `last checkpoint${at ? ` ${ago(at)}` : ""}${about && ` (${about})`}`;
}

function flowLines({ scoringLagMs, storingLagMs, readingsPerMinute, scoresPerMinute, warmUp, lastError }: Flow) {
  const rate = (perMinute?: number) => (perMinute === undefined ? "" : `, ${perMinute} a minute`);
  const lag = (ms?: number) => (ms === undefined ? "lag unknown" : `${duration(ms)} behind`);
  return [
    `Scoring: ${lag(scoringLagMs)}${rate(readingsPerMinute)}`,
    `Storing: ${lag(storingLagMs)}${rate(scoresPerMinute)}`,
    ...(warmUp ? warmUpLine(warmUp) : []),
    ...(lastError ? [`Last error: ${lastError}`] : []),
  ];
}

function warmUpLine({ turbines, warm, slowest }: NonNullable<Flow["warmUp"]>): string[] {
  const coldest = `the coldest is at ${Math.floor(slowest * 100)} %`;
  if (turbines === undefined) return [slowest >= 1 ? "Forests: all are warm" : `Forests: ${coldest}`];
  return turbines > 0 ? [`Forests: ${warm} of ${turbines} turbines are warm (${coldest})`] : [];
}
