import type { TurbineStatus, TurbineSummary } from "../protocol.ts";
import { count, h, icon, moment, named, number, set, sparkline, text } from "./dom.ts";
import type { View } from "./main.ts";

export const statusNames: Record<TurbineStatus, string> = {
  anomaly: "Anomaly",
  silent: "Silent",
  "high-wind": "High wind",
  warming: "Warming up",
  calm: "Calm",
};
/** Worst first. */
const order = Object.keys(statusNames) as TurbineStatus[];

const byName = new Intl.Collator("en", { numeric: true }).compare;

interface Card {
  element: HTMLAnchorElement;
  /** The state, which counts wherever the card is. */
  state(turbine: TurbineSummary): void;
  /** The figures and the line. */
  figures(turbine: TurbineSummary): void;
}

function card(id: string): Card {
  const shape = icon("calm");
  const status = h("span", {});
  const peak = h("span", { class: "peak" });
  const speed = h("span", { class: "speed" });
  const score = h("span", { class: "score" });
  const spark = sparkline();
  const element = h(
    "a",
    { class: "card", href: `/turbines/${encodeURIComponent(id)}`, "data-link": true },
    h("span", { class: "name", title: named(id) }, named(id)),
    h("span", { class: "status" }, shape.element, status, peak),
    h("span", { class: "reading" }, speed, h("span", { class: "unit" }, " m/s")),
    score,
    spark.element,
  );
  return {
    element,
    state(turbine) {
      if (element.dataset.status === turbine.status) return;
      set(element, { "data-status": turbine.status });
      shape.show(turbine.status);
      text(status, statusNames[turbine.status]);
    },
    figures(turbine) {
      const { anomaly } = turbine;
      text(peak, anomaly ? `to ${number(anomaly.peakSpeed)} m/s` : "");
      text(speed, number(turbine.speed));
      text(score, turbine.status === "warming" ? "no score yet" : `score ${number(turbine.score, 2)}`);
      spark.draw(turbine.recent);
    },
  };
}

/** How many turbines are in each state, in figures that can be read from afar; the legend of shapes and colours too. */
function tally() {
  const total = h("strong", {});
  const totalName = h("span", {});
  const tiles = order.map((status) => {
    const figure = h("strong", {});
    const name = h("span", {}, statusNames[status]);
    return { status, figure, element: h("li", { "data-status": status }, icon(status).element, figure, name) };
  });
  const element = h("ul", { class: "tally" }, h("li", {}, total, totalName), ...tiles.map((tile) => tile.element));
  return {
    element,
    update(turbines: Iterable<TurbineSummary>) {
      const counts = new Map<TurbineStatus, number>();
      for (const { status } of turbines) counts.set(status, (counts.get(status) ?? 0) + 1);
      const all = [...counts.values()].reduce((a, b) => a + b, 0);
      text(total, count(all));
      text(totalName, all === 1 ? "Turbine" : "Turbines");
      element.hidden = all === 0;
      for (const tile of tiles) {
        const n = counts.get(tile.status) ?? 0;
        text(tile.figure, count(n));
        set(tile.element, { "data-none": n === 0 });
      }
    },
  };
}

/** What stands where the turbines will be. */
function nothingYet(): HTMLElement {
  return h(
    "section",
    { class: "panel empty", hidden: true },
    h("h2", {}, "No turbine has been heard yet"),
    h("p", {}, "Each turbine shows up here, with its wind and how odd that is, within seconds of its first reading."),
    h("p", {}, "No turbines at hand? The simulator sends the wind of ten, ordinary or with anomalies in it."),
    h("p", {}, h("a", { class: "button", href: "/kinesis", "data-link": true }, "Go to the simulator")),
  );
}

/** As many as a glance takes in. */
const LATEST = 6;

/** Anomalies that aren't over, the newest first: whoever looks at a thousand cards sees these before. */
function anomaliesNow() {
  const list = h("ul", { class: "latest" });
  const heading = h("h2", {}, "Anomalies now");
  const element = h("section", { hidden: true }, heading, list);
  let said = "";
  return {
    element,
    update(turbines: Iterable<TurbineSummary>) {
      const open = [...turbines].flatMap((t) => (t.anomaly ? [{ ...t, anomaly: t.anomaly }] : []));
      const latest = open.sort((a, b) => b.anomaly.from - a.anomaly.from || byName(a.id, b.id)).slice(0, LATEST);
      const says = JSON.stringify([
        open.length,
        latest.map(({ id, anomaly: { from, peakSpeed, peakScore } }) => [id, from, peakSpeed, peakScore]),
      ]);
      if (says === said) return;
      said = says;
      element.hidden = open.length === 0;
      const more = open.length - latest.length;
      // What has the focus keeps it.
      const focused = [...list.querySelectorAll("a")].find((link) => link === document.activeElement)?.href;
      list.replaceChildren(
        ...latest.map(({ id, location, anomaly }) =>
          h(
            "li",
            { "data-status": "anomaly" },
            icon("anomaly").element,
            h("a", { href: `/turbines/${encodeURIComponent(id)}`, "data-link": true }, named(id)),
            h("span", {}, named(location)),
            h("span", {}, `${number(anomaly.peakSpeed)} m/s, score ${number(anomaly.peakScore, 2)}`),
            moment(anomaly.from),
          ),
        ),
        ...(more > 0 ? [h("li", { class: "more" }, `and ${count(more)} more`)] : []),
      );
      if (focused) [...list.querySelectorAll("a")].find(({ href }) => href === focused)?.focus();
    },
  };
}

export const farmView: View = (root, live) => {
  const about = h("p", { class: "summary" });
  const counts = tally();
  const grid = h("div", { class: "farm" });
  const anomalies = anomaliesNow();
  const empty = nothingYet();
  root.append(about, counts.element, anomalies.element, empty, grid);
  const turbines = new Map<string, TurbineSummary>();
  const cards = new Map<string, Card>();
  const groups = new Map<string, HTMLElement>();
  /** Turbines with news since the last drawing, and those of them that aren't drawn because nobody sees them. */
  const dirty = new Set<string>();
  const unseen = new Set<Element>();
  let minScore = 2;
  let heard = false;
  let frame = 0;

  function group(location: string): HTMLElement {
    let list = groups.get(location);
    if (!list) {
      list = h("div", { class: "cards" });
      groups.set(location, list);
      const section = h("section", { "data-location": location }, h("h2", {}, named(location) || "No location"), list);
      const after = [...grid.children].find((s) => (s as HTMLElement).dataset.location!.localeCompare(location) > 0);
      grid.insertBefore(section, after ?? null);
    }
    return list;
  }

  function add(id: string): void {
    const entry = card(id);
    cards.set(id, entry);
    const list = group(turbines.get(id)!.location);
    // From the end: names mostly come in order.
    let after: Element | null = null;
    for (let last = list.lastElementChild; last && byName(last.firstChild!.textContent!, id) > 0; ) {
      after = last;
      last = last.previousElementSibling;
    }
    list.insertBefore(entry.element, after);
  }

  function draw(): void {
    frame = 0;
    for (const id of [...dirty].filter((id) => !cards.has(id)).sort(byName)) add(id);
    for (const id of dirty) {
      const [turbine, entry] = [turbines.get(id)!, cards.get(id)!];
      entry.state(turbine);
      if (unseen.has(entry.element)) continue;
      entry.figures(turbine);
      dirty.delete(id);
    }
    counts.update(turbines.values());
    anomalies.update(turbines.values());
    empty.hidden = !heard || turbines.size > 0;
    if (turbines.size > 0) {
      text(
        about,
        `The wind at each turbine, live. An anomaly is wind that doesn't belong there: score ${number(minScore)} or more.`,
      );
    }
  }

  // Said by browsers that leave out what isn't near the screen (`content-visibility` in the style sheet); with others all is drawn.
  grid.addEventListener("contentvisibilityautostatechange", (event) => {
    const { skipped, target } = event as ContentVisibilityAutoStateChangeEvent;
    if (skipped) unseen.add(target as Element);
    else if (unseen.delete(target as Element)) schedule();
  });

  function schedule(): void {
    if (!frame) frame = requestAnimationFrame(draw);
  }

  function take(list: TurbineSummary[]): void {
    for (const turbine of list) {
      turbines.set(turbine.id, turbine);
      dirty.add(turbine.id);
    }
    schedule();
  }
  schedule();
  const stops = [
    live.on("snapshot", (snapshot) => {
      minScore = snapshot.minScore;
      heard = true;
      take(snapshot.turbines);
    }),
    live.on("turbines", take),
  ];
  return () => {
    cancelAnimationFrame(frame);
    for (const stop of stops) stop();
  };
};
