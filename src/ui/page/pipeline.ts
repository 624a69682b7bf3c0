import type { Hop, ThresholdEffect } from "../protocol.ts";
import { count, h, number, span, text } from "./dom.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

const healthNames: Record<Hop["health"], string> = { ok: "Works", idle: "Idle", warn: "Look at this", error: "Broken" };

const figure = (name: string, value: string) => [h("dt", {}, name), h("dd", {}, value)];

function hopItem(hop: Hop): HTMLLIElement {
  return h(
    "li",
    { class: "hop", "data-health": hop.health },
    h("h2", {}, hop.name),
    h("p", { class: "state" }, healthNames[hop.health]),
    h("p", {}, hop.detail),
    h(
      "dl",
      {},
      ...(hop.rate === undefined ? [] : figure("rate", `${number(hop.rate)}/s`)),
      ...(hop.lagMs === undefined ? [] : figure("lag", span(hop.lagMs))),
      ...(hop.errors === undefined ? [] : figure("errors", count(hop.errors))),
    ),
    hop.fix !== undefined && h("p", { class: "fix" }, `Fix: ${hop.fix}`),
  );
}

export const pipelineView: View = (root, live) => {
  const warmup = h("p", { class: "summary" });
  const hops = h("ol", { class: "hops" });
  const slider = h("input", { type: "range", id: "threshold", min: 0.5, max: 6, step: 0.1 });
  const effect = h("p", { role: "status" });
  const apply = h("button", { type: "button", class: "primary" }, "Apply");
  const answer = h("p", { role: "status" });
  root.append(
    warmup,
    hops,
    h(
      "section",
      { class: "panel threshold" },
      h("h2", {}, "Threshold"),
      h("label", { for: "threshold" }, "Anomaly score from which a reading is an anomaly"),
      slider,
      effect,
      apply,
      answer,
    ),
  );

  let effects: ThresholdEffect[] = [];
  let current = 2;
  async function load(): Promise<void> {
    effects = await api<ThresholdEffect[]>("thresholds");
    explain();
  }
  function explain(): void {
    const chosen = Number(slider.value);
    const found = effects.find((e) => Math.abs(e.minScore - chosen) < 0.05);
    const now =
      chosen === current ? " This is the threshold now." : ` The threshold is ${number(current)} until you apply it.`;
    text(
      effect,
      `From ${number(chosen)} on: ${found ? `${count(found.anomalies)} anomalies (${count(found.readings)} readings) in the history held here.` : "no history yet."}${now}`,
    );
    apply.disabled = chosen === current;
  }
  slider.addEventListener("input", explain);
  apply.addEventListener("click", async () => {
    try {
      const { message } = await api<{ message: string }>("threshold", { minScore: Number(slider.value) });
      text(answer, message);
    } catch (error) {
      text(answer, (error as Error).message);
    }
  });

  const stops = [
    live.on("snapshot", ({ minScore }) => {
      current = minScore;
      slider.value = String(minScore);
      void load();
    }),
    live.on("alerts", () => void load()),
    live.on("pipeline", (state) => {
      text(
        warmup,
        state.warmup === undefined
          ? ""
          : state.warmup >= 1
            ? "Every forest is warm."
            : `Forests warm: ${Math.round(state.warmup * 100)} %. Scores are 0 until then.`,
      );
      hops.replaceChildren(...state.hops.map(hopItem));
    }),
  ];
  return () => stops.forEach((stop) => void stop());
};
