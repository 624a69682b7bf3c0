import uPlot from "uplot";
import type { History, TurbineSummary } from "../protocol.ts";
import { alertItem } from "./alerts.ts";
import { clock, h, number, text } from "./dom.ts";
import { statusNames } from "./farm.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

/** A colour of the style sheet as the canvas understands it: `light-dark()` resolved for the scheme in force. */
function color(name: string): string {
  const probe = h("span", { style: `color: var(${name})`, hidden: true });
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

/** Ticks in 24-hour UTC: [from this increment in seconds, format, and what is added where the day changes]. */
const ticks: uPlot.Axis.Values = [
  [86_400, "{YYYY}-{MM}-{DD}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
];

/** Speed and score over event time; the threshold as a line, anomalies as bands behind both. */
function plot(box: HTMLElement, history: History): uPlot {
  const ink = color("--ink");
  const grid = { stroke: color("--line"), width: 1 };
  return new uPlot(
    {
      width: Math.max(280, box.clientWidth),
      height: Math.max(260, Math.min(460, innerHeight * 0.5)),
      scales: {
        speed: { range: (_, __, max) => [0, Math.max(10, max * 1.1)] },
        score: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
      },
      axes: [
        { stroke: ink, grid, values: ticks },
        { scale: "speed", stroke: color("--speed"), grid, label: "speed, m/s" },
        { scale: "score", side: 1, stroke: color("--score"), grid: { show: false }, label: "anomaly score" },
      ],
      series: [
        { label: "time, UTC", value: (_, v) => (v === null ? "–" : clock(v * 1000)) },
        {
          label: "speed, m/s",
          scale: "speed",
          stroke: color("--speed"),
          width: 1.5,
          value: (_, v) => (v === null ? "–" : number(v)),
        },
        {
          label: "score",
          scale: "score",
          stroke: color("--score"),
          width: 1.5,
          value: (_, v) => (v === null ? "–" : number(v, 2)),
        },
      ],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      hooks: {
        drawClear: [
          (u) => {
            const { ctx, bbox } = u;
            ctx.save();
            ctx.fillStyle = color("--band");
            for (const { from, to } of history.anomalies) {
              const left = u.valToPos(from / 1000, "x", true);
              const right = u.valToPos(to / 1000, "x", true);
              ctx.fillRect(left - 3, bbox.top, Math.max(6, right - left + 6), bbox.height);
            }
            ctx.restore();
          },
        ],
        draw: [
          (u) => {
            const { ctx, bbox } = u;
            const y = u.valToPos(history.minScore, "score", true);
            ctx.save();
            ctx.strokeStyle = color("--anomaly");
            ctx.setLineDash([6, 6]);
            ctx.beginPath();
            ctx.moveTo(bbox.left, y);
            ctx.lineTo(bbox.left + bbox.width, y);
            ctx.stroke();
            ctx.restore();
          },
        ],
      },
    },
    columns(history),
    box,
  );
}

const columns = (history: History): uPlot.AlignedData => [
  history.time.map((t) => t / 1000),
  history.speed,
  history.score,
];

export const turbineView =
  (id: string): View =>
  (root, live) => {
    const now = h("p", { class: "summary" });
    const box = h("div", {
      class: "plot",
      role: "img",
      "aria-label": `Wind speed and anomaly score of ${id} over time; the newest readings stand in the table below`,
    });
    const anomalies = h("div");
    const newest = h("tbody");
    root.append(
      h("p", {}, h("a", { href: "/", "data-link": true }, "All turbines")),
      now,
      box,
      h("h2", {}, "Anomalies"),
      anomalies,
      h(
        "details",
        {},
        h("summary", {}, "Newest readings"),
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Time"),
              h("th", { scope: "col" }, "Speed, m/s"),
              h("th", { scope: "col" }, "Score"),
            ),
          ),
          newest,
        ),
      ),
    );
    let chart: uPlot | undefined;
    let history: History | undefined;
    let stopped = false;
    let frame = 0;

    function draw(): void {
      frame = 0;
      if (!history || stopped) return;
      if (chart) chart.setData(columns(history));
      else chart = plot(box, history);
      const last = history.time.length - 1;
      newest.replaceChildren(
        ...Array.from({ length: Math.min(20, history.time.length) }, (_, i) => last - i).map((i) =>
          h(
            "tr",
            {},
            h("td", {}, clock(history!.time[i]!)),
            h("td", {}, number(history!.speed[i]!)),
            h("td", {}, number(history!.score[i]!, 2)),
          ),
        ),
      );
    }

    async function load(): Promise<void> {
      try {
        const loaded = await api<History>(`history?turbine=${encodeURIComponent(id)}`);
        if (stopped) return;
        history = loaded;
        chart?.destroy();
        chart = undefined;
        draw();
        anomalies.replaceChildren(
          loaded.anomalies.length === 0
            ? h("p", {}, `None at or above ${number(loaded.minScore)} in the readings shown.`)
            : h(
                "ul",
                { class: "list" },
                ...loaded.anomalies
                  .toReversed()
                  .map((a) =>
                    h("li", {}, `${clock(a.from)}: up to ${number(a.peakSpeed)} m/s, score ${number(a.peakScore, 2)}`),
                  ),
              ),
          ...(loaded.alerts.length
            ? [
                h("h2", {}, "Notifications"),
                h("ul", { class: "list" }, ...loaded.alerts.map((a) => alertItem(a, false))),
              ]
            : []),
        );
      } catch (error) {
        text(now, (error as Error).message);
      }
    }

    function take(list: TurbineSummary[]): void {
      const turbine = list.find((t) => t.id === id);
      if (!turbine) return;
      text(
        now,
        `${turbine.location} · ${statusNames[turbine.status]} · ${number(turbine.speed)} m/s · score ${number(turbine.score, 2)}`,
      );
      if (!history || turbine.time <= (history.time.at(-1) ?? 0)) return;
      history.time.push(turbine.time);
      history.speed.push(turbine.speed);
      history.score.push(turbine.score);
      if (!frame) frame = requestAnimationFrame(draw);
    }

    const stops = [
      live.on("snapshot", (snapshot) => {
        take(snapshot.turbines);
        void load();
      }),
      live.on("turbines", take),
      live.on("alerts", () => void load()),
    ];
    const resize = new ResizeObserver(() =>
      chart?.setSize({ width: Math.max(280, box.clientWidth), height: chart.height }),
    );
    resize.observe(box);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => {
      chart?.destroy();
      chart = undefined;
      draw();
    };
    dark.addEventListener("change", repaint);
    return () => {
      stopped = true;
      cancelAnimationFrame(frame);
      resize.disconnect();
      dark.removeEventListener("change", repaint);
      chart?.destroy();
      for (const stop of stops) stop();
    };
  };
