import type { Hop, ThresholdEffect } from "../protocol.ts";
import { count, figure, h, icon, number, type Shape, span, text } from "./dom.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

const healths: Record<Hop["health"], { name: string; shape: Shape }> = {
  ok: { name: "Works", shape: "calm" },
  idle: { name: "Idle", shape: "waiting" },
  warn: { name: "Look at this", shape: "high-wind" },
  error: { name: "Broken", shape: "anomaly" },
};

const perTime = (rate: number) =>
  rate > 0 && rate < 1 ? `${number(rate * 60)} /min` : `${number(rate, rate < 100 ? 1 : 0)} /s`;

/** Long names of resources break where a word begins. */
const breakable = (name: string) =>
  name.split(/(?<=[a-z\d])(?=[A-Z])|(?<=[-_.])/).flatMap((word, i) => (i === 0 ? [word] : [h("wbr"), word]));

function hopItem({ title, resource, health, detail, rate, lagMs, errors, fix }: Hop): HTMLLIElement {
  return h(
    "li",
    { class: "hop", "data-health": health },
    h("h2", {}, title),
    h("p", { class: "resource" }, ...breakable(resource)),
    h("p", { class: "state" }, icon(healths[health].shape).element, healths[health].name),
    h("p", {}, detail),
    h(
      "dl",
      {},
      figure("rate", rate === undefined ? undefined : perTime(rate)),
      figure("lag", lagMs === undefined ? undefined : span(lagMs)),
      figure("errors", errors === undefined ? undefined : count(errors)),
    ),
    fix !== undefined &&
      h("p", { class: "fix" }, h("strong", {}, "Fix: "), fix.startsWith("windops ") ? h("code", {}, fix) : fix),
  );
}

/** Redraws only the hops that differ: a selection in another stays. */
function update(list: HTMLElement, hops: Hop[], said: string[]): void {
  for (const [i, hop] of hops.entries()) {
    const says = JSON.stringify(hop);
    if (said[i] === says) continue;
    said[i] = says;
    const item = hopItem(hop);
    if (list.children[i]) list.children[i].replaceWith(item);
    else list.append(item);
  }
}

export const pipelineView: View = (root, live) => {
  const warmth = h("progress", { max: 1, value: 0, "aria-labelledby": "warm-up" });
  const warmupText = h("span", { id: "warm-up" });
  const warmup = h("p", { class: "summary", hidden: true }, warmupText, " ", warmth);
  const hops = h("ol", { class: "hops" });
  const slider = h("input", {
    type: "range",
    id: "threshold",
    min: 0.5,
    max: 6,
    step: 0.1,
    "aria-describedby": "effect",
  });
  const chosenValue = h("output", { for: "threshold" });
  const effect = h("p", { id: "effect" });
  const apply = h("button", { type: "button", class: "primary" }, "Apply");
  const answer = h("p", { role: "status" });
  root.append(
    warmup,
    hops,
    h(
      "section",
      { class: "panel threshold" },
      h("h2", {}, "Threshold"),
      h("label", { for: "threshold" }, "A reading is an anomaly from this score on"),
      h("div", { class: "slide" }, slider, chosenValue),
      effect,
      apply,
      answer,
    ),
  );

  let effects: ThresholdEffect[] = [];
  let current = 2;
  async function load(): Promise<void> {
    try {
      effects = await api<ThresholdEffect[]>("thresholds");
      explain();
    } catch {
      // No connection: the header says so, and the next snapshot asks again.
    }
  }
  function explain(): void {
    const chosen = Number(slider.value);
    const found = effects.find((e) => Math.abs(e.minScore - chosen) < 0.05);
    const now =
      chosen === current ? " This is the threshold now." : ` The threshold is ${number(current)} until you apply it.`;
    const what = found
      ? `${count(found.anomalies)} ${found.anomalies === 1 ? "anomaly" : "anomalies"} (${count(found.readings)} readings) in the history held here.`
      : "no history yet.";
    text(chosenValue, number(chosen));
    text(effect, `From ${number(chosen)} on: ${what}${now}`);
    apply.disabled = chosen === current;
  }
  let touched = false;
  slider.addEventListener("input", () => {
    touched = true;
    explain();
  });
  apply.addEventListener("click", async () => {
    try {
      const { message } = await api<{ message: string }>("threshold", { minScore: Number(slider.value) });
      text(answer, message);
    } catch (error) {
      text(answer, (error as Error).message);
    }
  });

  const said: string[] = [];
  const stops = [
    live.on("snapshot", ({ minScore }) => {
      if (!touched || minScore !== current) slider.value = String(minScore);
      current = minScore;
      explain();
      void load();
    }),
    live.on("alerts", () => void load()),
    live.on("pipeline", (state) => {
      warmup.hidden = state.warmup === undefined;
      const share = state.warmup ?? 0;
      warmth.value = share;
      warmth.hidden = share >= 1;
      text(
        warmupText,
        share >= 1 ? "Every forest is warm." : `Forests warm: ${Math.round(share * 100)} %. Scores are 0 until then.`,
      );
      update(hops, state.hops, said);
    }),
  ];
  return () => stops.forEach((stop) => void stop());
};
