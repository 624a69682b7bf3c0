import type { DataSet, SimulatorState } from "../protocol.ts";
import { count, h, set, text } from "./dom.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

const names: Record<DataSet, string> = { wind: "Wind Speed Data Set", anomalies: "Wind Speed Anomaly Data Set" };
const about: Record<DataSet, string> = {
  wind: "Ordinary wind on ten turbines. Let it run for some seconds first, so that each turbine's forest is warm.",
  anomalies:
    "The same wind with a storm and two spikes in it, each on a turbine of its own. It starts the ordinary wind too.",
};

export const simulatorView: View = (root, live) => {
  const stream = h("input", { id: "stream", name: "stream", autocomplete: "off", spellcheck: "false", maxlength: 128 });
  const problem = h("p", { class: "problem", role: "alert" });
  const counts = h("p", { class: "summary" });
  const records = h("pre", { class: "records", tabindex: 0, role: "region", "aria-label": "Records as they are sent" });
  const buttons = {} as Record<DataSet, { start: HTMLButtonElement; stop: HTMLButtonElement; state: HTMLElement }>;
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
    const state = h("span", { class: "running" });
    buttons[dataSet] = { start, stop, state };
    return h(
      "section",
      { class: "panel" },
      h("h2", {}, names[dataSet]),
      h("p", {}, about[dataSet]),
      h("p", {}, start, " ", stop, " ", state),
    );
  });

  function draw(state: SimulatorState): void {
    if (!touched && stream.value !== state.stream) stream.value = state.stream;
    for (const [dataSet, { start, stop, state: label }] of Object.entries(buttons) as [
      DataSet,
      (typeof buttons)[DataSet],
    ][]) {
      const running = state.running[dataSet];
      set(start, { disabled: running });
      set(stop, { disabled: !running });
      text(label, running ? "Running" : "Stopped");
    }
    set(stream, { disabled: state.running.wind || state.running.anomalies });
    text(
      counts,
      `${count(state.acknowledged)} acknowledged of ${count(state.sent)} sent, ${count(state.resent)} sent again`,
    );
    if (state.error) text(problem, state.error);
    text(records, state.latest.length ? state.latest.join("\n") : "Nothing sent yet.");
  }

  root.append(
    h("p", {}, h("label", { for: "stream" }, "Stream name "), stream),
    problem,
    h("div", { class: "panels" }, ...sets),
    counts,
    h("h2", {}, "Records as they are sent"),
    records,
  );
  const stop = live.on("simulator", draw);
  return () => void stop();
};
