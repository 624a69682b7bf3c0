import uPlot from "uplot";
import type { History } from "../protocol.ts";
import { clock, h, number, zone } from "./dom.ts";
import { envelope } from "./envelope.ts";

/** A colour of the style sheet as the canvas understands it: `light-dark()` resolved for the scheme in force. */
function color(name: string): string {
  const probe = h("span", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

/** Ticks in 24-hour time: [from this increment in seconds, format, and what is added where the day changes]. */
const ticks: uPlot.Axis.Values = [
  [86_400, "{YYYY}-{MM}-{DD}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
];

/** What may lie between two ticks: seconds, so that a phone has more than one, too; m/s. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].flatMap((n) => [n, n * 60]),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((n) => n * 3600),
].sort((a, b) => a - b);
const SPEED_STEPS = [1, 2, 5, 10, 20, 50, 100, 1000];

/** Share of the height that the scores take, below the speeds: lines that cross would read as one. */
const SCORES = 0.36;
/** Scores go from 0.3 to beyond 100: linear below 1, logarithmic above (uPlot's arcsinh scale). */
const SCORE_TICKS = [0, 1, 2, 5, 10, 30, 100, 300, 1000];
const top = (value: number) => Math.sinh(Math.asinh(value) / SCORES);

const known = (format: (v: number) => string) => (_: uPlot, v: number | null) => (v === null ? "–" : format(v));

/** What is shown: all, the newest milliseconds, or the time between two. */
export type Part = "all" | number | { from: number; to: number };
/** As far as one can zoom in. */
const LEAST_MS = 10_000;

/** Speed above and score below on one time axis; the threshold as a line, anomalies as bands with a mark on top. */
export class Plot {
  readonly #chart: uPlot;
  readonly #onPart: (part: Part) => void;
  #history: History;
  #part: Part;
  #frame = 0;

  /** `onPart` is called when the pointer chose another part. */
  constructor(box: HTMLElement, history: History, part: Part, onPart: (part: Part) => void) {
    this.#history = history;
    this.#part = part;
    this.#onPart = onPart;
    const ink = color("--ink");
    const faint = color("--faint");
    const grid = { stroke: color("--line"), width: 1 };
    const pixels = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const font = `${Math.round(pixels * 0.8)}px system-ui, sans-serif`;
    // A phone has no room for the axes' names: the legend has them.
    const labelled = (label: string) => (box.clientWidth > 30 * pixels ? { label } : {});
    const axis = { font, labelFont: `600 ${font}`, grid, size: pixels * 3, labelSize: pixels * 1.6, gap: pixels / 3 };
    const series = { width: pixels / 11, points: { show: false } };
    this.#chart = new uPlot(
      {
        width: Math.max(260, box.clientWidth),
        height: heightFor(),
        padding: [pixels, null, null, null],
        scales: {
          speed: {
            range: (_, __, max) => {
              const highest = Math.max(10, max * 1.1);
              return [(-highest * SCORES) / (1 - SCORES), highest];
            },
          },
          score: { distr: 4, asinh: 1, range: (_, __, max) => [0, top(Math.max(4, max * 1.2))] },
        },
        axes: [
          { ...axis, stroke: ink, values: ticks, incrs: TIME_STEPS, space: pixels * 5 },
          {
            ...axis,
            scale: "speed",
            stroke: color("--speed"),
            incrs: SPEED_STEPS,
            space: pixels * 2.2,
            ...labelled("speed, m/s"),
            splits: (_, __, ___, max, step) => Array.from({ length: Math.floor(max / step) + 1 }, (_, i) => i * step),
          },
          {
            ...axis,
            scale: "score",
            side: 1,
            stroke: color("--score"),
            ...labelled("anomaly score"),
            grid: { show: false },
            splits: (u) => {
              const highest = Math.sinh(Math.asinh(u.scales.score!.max ?? 4) * SCORES);
              return SCORE_TICKS.filter((v) => v <= highest);
            },
            filter: (_, splits) => splits,
            values: (_, splits) => splits.map(String),
          },
        ],
        series: [
          { label: "time", value: known((v) => `${clock(v * 1000)} ${zone(v * 1000)}`) },
          { ...series, label: "speed, m/s", scale: "speed", stroke: color("--speed"), value: known((v) => number(v)) },
          {
            ...series,
            label: "anomaly score",
            scale: "score",
            stroke: color("--score"),
            value: known((v) => number(v, 2)),
          },
        ],
        cursor: {
          drag: { x: true, y: false, setScale: false },
          bind: {
            dblclick: () => () => {
              this.#choose("all");
              return null;
            },
          },
        },
        hooks: {
          setSelect: [
            (u) => {
              const { left, width } = u.select;
              if (width === 0) return;
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              this.#choose({ from: u.posToVal(left, "x") * 1000, to: u.posToVal(left + width, "x") * 1000 });
            },
          ],
          drawClear: [(u) => this.#bands(u, color("--band"), color("--anomaly"), pixels)],
          draw: [(u) => this.#threshold(u, color("--anomaly"), faint, font)],
        },
      },
      [[], [], []],
      box,
    );
    this.#chart.over.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#draw();
  }

  /** Shows what the history holds by now. */
  update(history: History): void {
    this.#history = history;
    this.#schedule();
  }

  show(part: Part): void {
    this.#part = part;
    this.#schedule();
  }

  resize(box: HTMLElement): void {
    this.#chart.setSize({ width: Math.max(260, box.clientWidth), height: heightFor() });
    this.#schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#chart.destroy();
  }

  #choose(part: Part): void {
    this.show(part);
    this.#onPart(part);
  }

  #schedule(): void {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** Of the readings as many as can be seen: zooming and new readings cost the same, however many there are. */
  #draw(): void {
    this.#frame = 0;
    const [from, to] = this.#range();
    const lines = envelope(this.#history, from, to, this.#chart.over.clientWidth || 1000);
    this.#chart.batch(() => {
      this.#chart.setData(lines, false);
      this.#chart.setScale("x", { min: from / 1000, max: to / 1000 });
    });
  }

  #range(): [from: number, to: number] {
    const { time } = this.#history;
    const part = this.#part;
    const [first, last] = [time[0] ?? 0, time.at(-1) ?? 0];
    if (typeof part === "object") return [part.from, Math.max(part.to, part.from + LEAST_MS)];
    const from = part === "all" ? first : Math.max(first, last - part);
    return [Math.min(from, last - LEAST_MS), last];
  }

  /** Pinching, or the wheel with Ctrl, zooms about the pointer; sideways it moves. Else the page scrolls as ever. */
  #wheel(event: WheelEvent): void {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (!event.ctrlKey && !event.shiftKey && Math.abs(sideways) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    const { time } = this.#history;
    const [first, last] = [time[0]!, time.at(-1)!];
    const [from, to] = this.#range();
    const { width, left } = this.#chart.over.getBoundingClientRect();
    const span = event.ctrlKey ? Math.max(LEAST_MS, (to - from) * Math.exp(event.deltaY / 300)) : to - from;
    const share = (event.clientX - left) / width;
    const moved = event.ctrlKey ? (to - from - span) * share : (sideways / width) * span;
    const start = Math.min(Math.max(first, from + moved), last - span);
    this.#choose(span < last - first ? { from: start, to: start + span } : "all");
  }

  #bands({ ctx, bbox, valToPos }: uPlot, band: string, mark: string, pixels: number): void {
    const ratio = devicePixelRatio;
    const [least, size] = [4 * ratio, pixels * 0.45 * ratio];
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left - size, 0, bbox.width + 2 * size, bbox.top + bbox.height);
    ctx.clip();
    for (const { from, to } of this.#history.anomalies) {
      const [left, right] = [valToPos(from / 1000, "x", true), valToPos(to / 1000, "x", true)];
      const [middle, half] = [(left + right) / 2, Math.max(least, right - left + least) / 2];
      if (middle + half < bbox.left || middle - half > bbox.left + bbox.width) continue;
      ctx.fillStyle = band;
      ctx.fillRect(middle - half, bbox.top, 2 * half, bbox.height);
      ctx.fillStyle = mark;
      ctx.beginPath();
      ctx.moveTo(middle, bbox.top - 1.8 * size);
      ctx.lineTo(middle + size, bbox.top);
      ctx.lineTo(middle - size, bbox.top);
      ctx.fill();
    }
    ctx.restore();
  }

  #threshold({ ctx, bbox, valToPos }: uPlot, line: string, rule: string, font: string): void {
    const { minScore } = this.#history;
    const y = valToPos(minScore, "score", true);
    const zero = valToPos(0, "speed", true);
    const [right, ratio] = [bbox.left + bbox.width, devicePixelRatio];
    const across = (at: number) => {
      ctx.beginPath();
      ctx.moveTo(bbox.left, at);
      ctx.lineTo(right, at);
      ctx.stroke();
    };
    ctx.save();
    ctx.lineWidth = ratio;
    ctx.strokeStyle = rule;
    across(zero);
    ctx.strokeStyle = line;
    ctx.setLineDash([6 * ratio, 5 * ratio]);
    across(y);
    ctx.fillStyle = line;
    ctx.font = font.replace(/^\d+/, (size) => String(Number(size) * ratio));
    ctx.textBaseline = "bottom";
    ctx.fillText(`threshold ${number(minScore)}`, bbox.left + 6 * ratio, y - 3 * ratio);
    ctx.restore();
  }
}

const heightFor = () => Math.max(300, Math.min(innerHeight * 0.55, 900));
