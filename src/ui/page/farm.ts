import type { TurbineStatus, TurbineSummary } from "../protocol.ts";
import { h, number, set, sparkline, text } from "./dom.ts";
import type { View } from "./main.ts";

export const statusNames: Record<TurbineStatus, string> = {
  warming: "Warming up",
  calm: "Calm",
  "high-wind": "High wind",
  anomaly: "Anomaly",
  silent: "Silent",
};
const order: TurbineStatus[] = ["anomaly", "silent", "high-wind", "warming", "calm"];

interface Card {
  element: HTMLAnchorElement;
  update(turbine: TurbineSummary): void;
}

function card(id: string): Card {
  const status = h("span", { class: "status" });
  const speed = h("span", { class: "speed" });
  const score = h("span", { class: "score" });
  const spark = sparkline();
  const element = h(
    "a",
    { class: "card", href: `/turbines/${encodeURIComponent(id)}`, "data-link": true },
    h("span", { class: "name" }, id),
    status,
    h("span", { class: "reading" }, speed, h("span", { class: "unit" }, " m/s")),
    score,
    spark.element,
  );
  return {
    element,
    update(turbine) {
      if (element.dataset.status !== turbine.status) set(element, { "data-status": turbine.status });
      text(status, statusNames[turbine.status]);
      text(speed, number(turbine.speed));
      text(score, turbine.status === "warming" ? "score: not yet" : `score ${number(turbine.score, 2)}`);
      spark.draw(turbine.recent);
    },
  };
}

export const farmView: View = (root, live) => {
  const summary = h("p", { class: "summary" });
  const grid = h("div", { class: "farm" });
  root.append(summary, grid);
  const turbines = new Map<string, TurbineSummary>();
  const cards = new Map<string, Card>();
  const groups = new Map<string, HTMLElement>();
  let dirty = new Set<string>();
  let frame = 0;

  function group(location: string): HTMLElement {
    let list = groups.get(location);
    if (!list) {
      list = h("div", { class: "cards" });
      groups.set(location, list);
      const section = h("section", { "data-location": location }, h("h2", {}, location || "No location"), list);
      const after = [...grid.children].find((s) => (s as HTMLElement).dataset.location!.localeCompare(location) > 0);
      grid.insertBefore(section, after ?? null);
    }
    return list;
  }

  function draw(): void {
    frame = 0;
    for (const id of dirty) {
      const turbine = turbines.get(id)!;
      let entry = cards.get(id);
      if (!entry) {
        entry = card(id);
        cards.set(id, entry);
        const list = group(turbine.location);
        const after = [...list.children].find(
          (c) => c.firstChild!.textContent!.localeCompare(id, "en", { numeric: true }) > 0,
        );
        list.insertBefore(entry.element, after ?? null);
      }
      entry.update(turbine);
    }
    dirty = new Set();
    if (turbines.size === 0) {
      summary.replaceChildren(
        "No turbine has been heard yet. Start a data set in the ",
        h("a", { href: "/kinesis", "data-link": true }, "simulator"),
        ".",
      );
      return;
    }
    const counts = order
      .map((s) => [s, [...turbines.values()].filter((t) => t.status === s).length] as const)
      .filter(([, n]) => n > 0);
    const total = `${turbines.size} turbine${turbines.size === 1 ? "" : "s"}`;
    text(summary, `${total}: ${counts.map(([s, n]) => `${n} ${statusNames[s].toLowerCase()}`).join(", ")}`);
  }

  function take(list: TurbineSummary[]): void {
    for (const turbine of list) {
      turbines.set(turbine.id, turbine);
      dirty.add(turbine.id);
    }
    if (!frame) frame = requestAnimationFrame(draw);
  }
  frame = requestAnimationFrame(draw);
  const stops = [live.on("snapshot", (snapshot) => take(snapshot.turbines)), live.on("turbines", take)];
  return () => {
    cancelAnimationFrame(frame);
    for (const stop of stops) stop();
  };
};
