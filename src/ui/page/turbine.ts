import type { History, TurbineSummary } from "../protocol.ts";
import { unpacked } from "../server/columns.ts";
import { alertItem } from "./alerts.ts";
import { clock, count, h, icon, moment, named, number, set, text, zone } from "./dom.ts";
import { statusNames } from "./farm.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";
import { type Part, Plot } from "./plot.ts";

/** The last readings in words: what the plot shows, for those who can't see it. */
const NEWEST = 20;
/** Readings held here; with more the history is asked for anew, which the server keeps to 100,000. */
const MOST = 130_000;

/** The figures of the moment, legible from afar. */
function nowPanel() {
  const shape = icon("calm");
  const [status, location, speed, score, time] = [h("span", {}), h("dd", {}), h("dd", {}), h("dd", {}), h("dd", {})];
  const state = h("p", { class: "status" }, shape.element, status);
  const row = (name: string, value: HTMLElement) => h("div", { class: "figure" }, h("dt", {}, name), value);
  const element = h(
    "div",
    { class: "now", hidden: true },
    state,
    h("dl", {}, row("speed", speed), row("score", score), row("location", location), row("last reading", time)),
  );
  return {
    element,
    update(turbine: TurbineSummary) {
      set(element, { hidden: false, "data-status": turbine.status });
      shape.show(turbine.status);
      text(status, statusNames[turbine.status]);
      text(location, named(turbine.location) || "–");
      text(speed, `${number(turbine.speed)} m/s`);
      text(score, turbine.status === "warming" ? "not yet" : number(turbine.score, 2));
      text(time, clock(turbine.time));
    },
  };
}

const PARTS: [name: string, part: Part][] = [
  ["All", "all"],
  ["Last hour", 3_600_000],
  ["Last 10 minutes", 600_000],
];

/** How much of the history the plot shows; a part that the pointer chose presses no button. */
function partButtons(choose: (part: Part) => void) {
  const buttons = PARTS.map(([name, part]) => ({
    part,
    element: h("button", { type: "button", click: () => choose(part) }, name),
  }));
  return {
    element: h("p", { class: "parts", role: "group", "aria-label": "Time shown" }, ...buttons.map((b) => b.element)),
    show: (shown: Part) => {
      for (const { part, element } of buttons) set(element, { "aria-pressed": String(part === shown) });
    },
  };
}

function readingsTable() {
  const body = h("tbody");
  const heading = h("th", { scope: "col" });
  const head = h("tr", {}, heading, h("th", { scope: "col" }, "Speed, m/s"), h("th", { scope: "col" }, "Score"));
  const element = h(
    "details",
    {},
    h("summary", {}, "Newest readings as a table"),
    h("table", {}, h("thead", {}, head), body),
  );
  function update({ time, speed, score }: History): void {
    if (!element.open) return;
    text(heading, `Time, ${zone(time.at(-1) ?? Date.now())}`);
    const newest = Array.from({ length: Math.min(NEWEST, time.length) }, (_, i) => time.length - 1 - i);
    body.replaceChildren(
      ...newest.map((i) =>
        h("tr", {}, h("td", {}, clock(time[i]!)), h("td", {}, number(speed[i]!)), h("td", {}, number(score[i]!, 2))),
      ),
    );
  }
  return { element, update };
}

/** What was found on the turbine, and what was said about it. */
function findings({ anomalies, alerts, minScore, time }: History): HTMLElement[] {
  const shown = `${count(time.length)} reading${time.length === 1 ? "" : "s"}`;
  const list = anomalies
    .toReversed()
    .map((a) =>
      h(
        "li",
        { class: "found" },
        icon("anomaly").element,
        moment(a.from),
        a.to > a.from ? ` to ${clock(a.to)}` : "",
        `: up to ${number(a.peakSpeed)} m/s, score up to ${number(a.peakScore, 2)}`,
      ),
    );
  return [
    h("h2", {}, "Anomalies"),
    list.length > 0
      ? h("ul", { class: "list" }, ...list)
      : h("p", { class: "summary" }, `None: no score of ${number(minScore)} or more in ${shown}.`),
    ...(alerts.length > 0
      ? [
          h("h2", {}, "Notifications"),
          h(
            "ul",
            { class: "list" },
            ...alerts.map((alert, i) => alertItem(alert, { withTurbine: false, open: i === 0 })),
          ),
        ]
      : []),
  ];
}

function joined(history: History | undefined, more: History): History {
  if (!history) return more;
  const { time, speed, score } = history;
  for (let i = 0; i < more.time.length; i++) {
    time.push(more.time[i]!);
    speed.push(more.speed[i]!);
    score.push(more.score[i]!);
  }
  return { ...more, time, speed, score };
}

export const turbineView =
  (id: string): View =>
  (root, live) => {
    const now = nowPanel();
    const problem = h("p", { class: "problem" });
    const label = `Wind speed and anomaly score of ${named(id)} over time. The same in words: Anomalies and Newest readings, below.`;
    const box = h("div", { class: "plot", role: "img", "aria-label": label });
    let part: Part = "all";
    const parts = partButtons((chosen) => {
      plot?.show(chosen);
      choose(chosen);
    });
    function choose(chosen: Part): void {
      part = chosen;
      parts.show(part);
    }
    choose(part);
    const found = h("div");
    const readings = readingsTable();
    root.append(
      h("p", { class: "back" }, h("a", { href: "/", "data-link": true }, "← All turbines")),
      now.element,
      problem,
      parts.element,
      box,
      readings.element,
      found,
    );
    let plot: Plot | undefined;
    let history: History | undefined;
    let said = "";
    let stopped = false;
    let frame = 0;

    function draw(): void {
      frame = 0;
      if (!history || stopped) return;
      if (plot) plot.update(history);
      else plot = new Plot(box, history, part, choose);
      readings.update(history);
    }
    readings.element.addEventListener("toggle", draw);

    let loading = false;
    let again = false;

    /** Asks for what came since the last answer: events carry a turbine's newest reading only. */
    async function load(): Promise<void> {
      again = loading;
      if (loading) return;
      loading = true;
      try {
        const after = history && history.time.length < MOST ? `&after=${history.time.at(-1)}` : "";
        const loaded = unpacked(await api<ArrayBuffer>(`history?turbine=${encodeURIComponent(id)}${after}`));
        if (stopped) return;
        history = after ? joined(history, loaded) : loaded;
        text(problem, "");
        if (!frame) frame = requestAnimationFrame(draw);
        // Only where it differs: an opened notification stays open.
        const { anomalies, alerts, minScore } = history;
        const says = JSON.stringify({ anomalies, alerts, minScore });
        if (says !== said) found.replaceChildren(...findings(history));
        said = says;
      } catch (error) {
        if (!stopped && !history) text(problem, (error as Error).message);
      } finally {
        loading = false;
        if (again && !stopped) void load();
      }
    }

    function take(list: TurbineSummary[]): void {
      const turbine = list.find((t) => t.id === id);
      if (!turbine) return;
      now.update(turbine);
      void load();
    }

    const stops = [
      live.on("snapshot", ({ turbines }) => {
        // Another server may stand behind this one: from the beginning.
        history = undefined;
        take(turbines);
        if (!turbines.some((t) => t.id === id)) text(problem, "This turbine hasn't been heard in the last hour.");
      }),
      live.on("turbines", take),
      live.on("alerts", () => void load()),
    ];
    const resize = new ResizeObserver(() => plot?.resize(box));
    resize.observe(box);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => {
      plot?.destroy();
      plot = undefined;
      draw();
    };
    dark.addEventListener("change", repaint);
    return () => {
      stopped = true;
      cancelAnimationFrame(frame);
      resize.disconnect();
      dark.removeEventListener("change", repaint);
      plot?.destroy();
      for (const stop of stops) stop();
    };
  };
