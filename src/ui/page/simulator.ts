import type { DataSet, SimulatorState } from "../protocol.ts";
import { count, h, icon, set, text } from "./dom.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

const names: Record<DataSet, string> = { wind: "Wind Speed Data Set", anomalies: "Wind Speed Anomaly Data Set" };
const about: Record<DataSet, string> = {
  wind: "Ordinary wind on ten turbines, a reading a second each, until you stop it.",
  anomalies:
    "Six minutes of the same wind in some seconds, with a storm and two spikes in it, each on a turbine of its own: three alerts.",
};

const view = (href: string, name: string) => h("a", { href, "data-link": true }, name);

export const simulatorView: View = (root, live) => {
  const stream = h("input", { id: "stream", name: "stream", autocomplete: "off", spellcheck: "false", maxlength: 128 });
  const problem = h("p", { class: "problem", role: "alert" });
  const [acknowledged, sent, resent] = [h("dd", {}), h("dd", {}), h("dd", {})];
  const row = (name: string, value: HTMLElement) => h("div", { class: "figure" }, h("dt", {}, name), value);
  const counts = h(
    "dl",
    { class: "counts" },
    row("acknowledged", acknowledged),
    row("sent", sent),
    row("sent again", resent),
  );
  const records = h("pre", { class: "records", tabindex: 0, role: "region", "aria-label": "Records as they are sent" });
  const buttons = {} as Record<
    DataSet,
    { start: HTMLButtonElement; stop: HTMLButtonElement; state: HTMLElement; word: HTMLElement }
  >;
  let touched = false;
  stream.addEventListener("input", () => {
    touched = true;
  });

  async function act(dataSet: DataSet, action: "start" | "stop"): Promise<void> {
    text(problem, "");
    try {
      draw(await api<SimulatorState>("simulator", { action, dataSet, stream: stream.value.trim() }));
    } catch (error) {
      text(problem, (error as Error).message);
    }
  }

  const sets = (Object.keys(names) as DataSet[]).map((dataSet) => {
    const start = h(
      "button",
      {
        type: "button",
        class: "primary",
        click: () => void act(dataSet, "start"),
        "aria-label": `Start ${names[dataSet]}`,
      },
      "Start",
    );
    const stop = h(
      "button",
      { type: "button", click: () => void act(dataSet, "stop"), "aria-label": `Stop ${names[dataSet]}` },
      "Stop",
    );
    const word = h("span", {});
    const state = h("span", { class: "running" }, icon("calm").element, word);
    buttons[dataSet] = { start, stop, state, word };
    return h(
      "section",
      { class: "panel" },
      h("h2", {}, names[dataSet]),
      h("p", {}, about[dataSet]),
      h("p", { class: "buttons" }, start, stop, state),
    );
  });

  function draw(state: SimulatorState): void {
    if (!touched && stream.value !== state.stream) stream.value = state.stream;
    for (const [dataSet, { start, stop, state: label, word }] of Object.entries(buttons) as [
      DataSet,
      (typeof buttons)[DataSet],
    ][]) {
      const running = state.running[dataSet];
      set(start, { disabled: running });
      set(stop, { disabled: !running });
      set(label, { "data-running": running });
      text(word, running ? "Running" : "Stopped");
    }
    set(stream, { disabled: state.running.wind || state.running.anomalies });
    text(acknowledged, count(state.acknowledged));
    text(sent, count(state.sent));
    text(resent, count(state.resent));
    if (state.error) text(problem, state.error);
    text(records, state.latest.length ? state.latest.join("\n") : "Nothing sent yet.");
  }

  root.append(
    h(
      "p",
      { class: "summary" },
      "No turbines at hand? Send these, and see in ",
      view("/", "Farm"),
      " and ",
      view("/alerts", "Alerts"),
      " what comes of them.",
    ),
    h("p", { class: "field" }, h("label", { for: "stream" }, "Stream name"), stream),
    problem,
    h("div", { class: "panels" }, ...sets),
    counts,
    h("h2", {}, "Records as they are sent"),
    records,
  );
  const stop = live.on("simulator", draw);
  return () => void stop();
};
