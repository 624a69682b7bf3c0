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

const SVG = "http://www.w3.org/2000/svg";

/** A line through `values`, drawn to fill its box; 0 m/s is always the bottom. */
export function sparkline(): { element: SVGSVGElement; draw(values: number[]): void } {
  const element = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "polyline");
  set(element, { viewBox: "0 0 100 30", preserveAspectRatio: "none", class: "spark", "aria-hidden": "true" });
  element.append(line);
  return {
    element,
    draw(values) {
      const top = Math.max(25, ...values);
      const step = 100 / Math.max(1, values.length - 1);
      line.setAttribute(
        "points",
        values.map((v, i) => `${(i * step).toFixed(1)},${(29 - (28 * Math.max(0, v)) / top).toFixed(1)}`).join(" "),
      );
    },
  };
}

export const number = (value: number, digits = 1): string =>
  Number.isFinite(value)
    ? value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : "–";

export const count = (value: number): string => Math.round(value).toLocaleString("en-GB");

/** Event time in UTC, as the pipeline writes it. */
export const clock = (time: number): string => `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;

export const span = (ms: number): string =>
  ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1000).toFixed(1)} s`
      : ms < 3_600_000
        ? `${Math.round(ms / 60_000)} min`
        : `${(ms / 3_600_000).toFixed(1)} h`;
