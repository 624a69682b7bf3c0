import { alertsView } from "./alerts.ts";
import { h, named, set, text } from "./dom.ts";
import { farmView } from "./farm.ts";
import { type Connection, Live } from "./live.ts";
import { pipelineView } from "./pipeline.ts";
import { simulatorView } from "./simulator.ts";
import { turbineView } from "./turbine.ts";

/** A view draws itself into `root` and returns how to stop. */
export type View = (root: HTMLElement, live: Live) => () => void;

const root = document.querySelector<HTMLElement>("#view")!;
const connection = document.querySelector<HTMLElement>("#connection")!;
const banner = document.querySelector<HTMLElement>("#banner")!;
const announce = (words: string) => text(document.querySelector("#announce")!, words);

const words: Record<Connection, string> = {
  connecting: "Connecting …",
  live: "Live",
  stale: "Stale",
  lost: "No connection",
  refused: "Link expired",
};

let shown: Connection = "connecting";
const live = new Live((state, ageMs) => {
  text(connection, words[state]);
  document.documentElement.dataset.connection = state;
  const age = `What you see is ${Math.round(ageMs / 1000)} s old.`;
  banner.hidden = state === "live" || state === "connecting";
  if (state === "stale") text(banner, `No news from the server. ${age}`);
  if (state === "lost") text(banner, `No connection to the server: trying again. ${age}`);
  if (state === "refused")
    text(banner, "The server has another token now: open the link that windops ui printed when it was started.");
  // Once for each change: a screen reader needn't hear the seconds count.
  if (state !== shown && shown !== "connecting") announce(state === "live" ? "Live again" : words[state]);
  shown = state;
});

live.on("snapshot", ({ target }) => {
  const where =
    target.kind === "local"
      ? "Embedded stack on this machine"
      : target.kind === "aws"
        ? `AWS account ${target.account}, ${target.region}: read only`
        : `${target.endpoint}, account ${target.account}, ${target.region}: read only`;
  text(document.querySelector("#target")!, where);
});

live.on("trouble", ({ message }) => {
  const trouble = document.querySelector<HTMLElement>("#trouble")!;
  trouble.hidden = message === "";
  set(document.documentElement, { "data-trouble": message !== "" });
  text(trouble, `The pipeline doesn't answer: ${named(message)}`);
});

let seen: number | undefined;
live.on("alerts", (alerts) => {
  const badge = document.querySelector<HTMLElement>("#alert-count")!;
  badge.hidden = alerts.length === 0;
  text(badge, String(alerts.length));
  badge.title = alerts.length === 1 ? "1 alert" : `${alerts.length} alerts`;
  if (seen !== undefined && alerts.length > seen) {
    const newest = alerts[0]!;
    announce(`New anomaly: ${named(newest.turbineId)}, ${newest.speed.toFixed(1)} metres per second`);
  }
  seen = alerts.length;
});

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function route(path: string): { title: string; view: View } {
  if (path === "/alerts") return { title: "Alerts", view: alertsView };
  if (path === "/kinesis") return { title: "Simulator", view: simulatorView };
  if (path === "/pipeline") return { title: "Pipeline", view: pipelineView };
  if (path.startsWith("/turbines/")) {
    const id = decoded(path.slice("/turbines/".length));
    return { title: named(id), view: turbineView(id) };
  }
  return { title: "Farm", view: farmView };
}

let leave: () => void = () => {};

function show(focus: boolean): void {
  leave();
  const { title, view } = route(location.pathname);
  document.title = `${title} · windops`;
  for (const link of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
    set(link, { "aria-current": link.pathname === location.pathname ? "page" : undefined });
  }
  root.replaceChildren(h("h1", {}, title));
  leave = view(root, live);
  if (focus) {
    root.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-link]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState({}, "", link.pathname);
  show(true);
});
addEventListener("popstate", () => show(true));
show(false);
