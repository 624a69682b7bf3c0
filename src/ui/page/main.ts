import { alertsView } from "./alerts.ts";
import { h, set, text } from "./dom.ts";
import { farmView } from "./farm.ts";
import { Live } from "./live.ts";
import { pipelineView } from "./pipeline.ts";
import { simulatorView } from "./simulator.ts";
import { turbineView } from "./turbine.ts";

/** A view draws itself into `root` and returns how to stop. */
export type View = (root: HTMLElement, live: Live) => () => void;

const root = document.querySelector<HTMLElement>("#view")!;
const connection = document.querySelector<HTMLElement>("#connection")!;
const live = new Live((message, state) => {
  text(connection, message);
  connection.dataset.state = state;
});

live.on("snapshot", ({ target }) => {
  const where =
    target.kind === "local"
      ? "Embedded stack on this machine"
      : target.kind === "aws"
        ? `AWS account ${target.account}, ${target.region}`
        : `${target.endpoint}, ${target.region}`;
  text(document.querySelector("#target")!, where);
});

let seen: number | undefined;
live.on("alerts", (alerts) => {
  const badge = document.querySelector<HTMLElement>("#alert-count")!;
  badge.hidden = alerts.length === 0;
  text(badge, String(alerts.length));
  if (seen !== undefined && alerts.length > seen) {
    const newest = alerts[0]!;
    text(
      document.querySelector("#announce")!,
      `New anomaly: ${newest.turbineId}, ${newest.speed.toFixed(1)} metres per second`,
    );
  }
  seen = alerts.length;
});

function route(path: string): { title: string; view: View } {
  if (path === "/alerts") return { title: "Alerts", view: alertsView };
  if (path === "/kinesis") return { title: "Simulator", view: simulatorView };
  if (path === "/pipeline") return { title: "Pipeline", view: pipelineView };
  if (path.startsWith("/turbines/")) {
    const id = decodeURIComponent(path.slice("/turbines/".length));
    return { title: id, view: turbineView(id) };
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
