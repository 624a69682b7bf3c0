import { printable } from "../../contract/printable.ts";

type Child = Node | string | number | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined | ((event: any) => void)>;

/** An element. Text becomes text nodes, never HTML: what a record says can't become part of the page. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(
    ...children
      .filter((c): c is Node | string | number => c !== undefined && c !== false)
      .map((c) => (typeof c === "number" ? String(c) : c)),
  );
  return element;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Writes text only where it differs: the browser lays out nothing for what stays. */
export function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

/** A name from a record: control characters and bidi overrides show as escapes instead of working. */
export const named = printable;

const SVG = "http://www.w3.org/2000/svg";

function svg<K extends "svg" | "path" | "polyline">(tag: K, attributes: Attributes): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  return element;
}

/** Each state has a shape of its own beside its colour. */
const shapes = {
  anomaly: "M8 1.2 15.4 14.5H.6Z",
  silent: "M2.2 4.4 4.4 2.2 8 5.8l3.6-3.6 2.2 2.2L10.2 8l3.6 3.6-2.2 2.2L8 10.2l-3.6 3.6-2.2-2.2L5.8 8Z",
  "high-wind": "M1 3h14v2.6H1Zm0 4.7h14v2.6H1Zm0 4.7h14V15H1Z",
  warming: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2.4A4.6 4.6 0 1 1 3.4 8H8Z",
  calm: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z",
  waiting: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2Z",
};
export type Shape = keyof typeof shapes;

/** A state's shape; says nothing to a screen reader: the state's word stands beside it. */
export function icon(shape: Shape): { element: SVGSVGElement; show(shape: Shape): void } {
  const element = svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" });
  const path = svg("path", { d: shapes[shape] });
  element.append(path);
  return { element, show: (next) => set(path, { d: shapes[next] }) };
}

/** A line through `values`, drawn to fill its box; 0 m/s is always the bottom. */
export function sparkline(): { element: SVGSVGElement; draw(values: number[]): void } {
  const element = svg("svg", {
    viewBox: "0 0 100 30",
    preserveAspectRatio: "none",
    class: "spark",
    "aria-hidden": "true",
  });
  const area = svg("path", {});
  const line = svg("polyline", {});
  element.append(area, line);
  return {
    element,
    draw(values) {
      const top = Math.max(16, ...values);
      const step = 100 / Math.max(1, values.length - 1);
      const points = values.map((v, i) => `${(i * step).toFixed(1)},${(29 - (28 * Math.max(0, v)) / top).toFixed(1)}`);
      line.setAttribute("points", points.join(" "));
      area.setAttribute("d", points.length ? `M0,30L${points.join("L")}L100,30Z` : "");
    },
  };
}

/** By the number of digits. Made once: `toLocaleString` makes one for each call, which took most of a farm's drawing. */
const formats = [0, 1, 2].map(
  (digits) => new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

export const number = (value: number, digits: 0 | 1 | 2 = 1): string =>
  Number.isFinite(value) ? formats[digits]!.format(value) : "–";

export const count = (value: number): string => number(value, 0);

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** The viewer's time zone as it is called on the day `time`. */
export function zone(time: number): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(time);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** In the viewer's time zone; the day only where it isn't today. */
export function clock(time: number): string {
  const day = dayFormat.format(time);
  return `${day === dayFormat.format(Date.now()) ? "" : `${day}, `}${clockFormat.format(time)}`;
}

/** The same as an element that tells the UTC of the pipeline's records when pointed at. */
export const moment = (time: number): HTMLTimeElement =>
  h(
    "time",
    { datetime: new Date(time).toISOString(), title: new Date(time).toISOString() },
    `${clock(time)} ${zone(time)}`,
  );

export const span = (ms: number): string =>
  ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1000).toFixed(1)} s`
      : ms < 3_600_000
        ? `${Math.round(ms / 60_000)} min`
        : `${(ms / 3_600_000).toFixed(1)} h`;

/** An em-dash where a figure isn't known. */
export const figure = (name: string, value: string | undefined): HTMLElement =>
  h("div", { class: "figure" }, h("dt", {}, name), h("dd", {}, value ?? "–"));
