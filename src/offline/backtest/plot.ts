import type { Outcome } from "./backtest.ts";

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [720, 360, 56, 44];
const LINES = [
  { name: "precision", colour: "#1b6ca8", of: (one: Outcome) => one.precision },
  { name: "recall", colour: "#c2570c", of: (one: Outcome) => one.recall },
  { name: "F1", colour: "#2e7d32", of: (one: Outcome) => one.f1 },
];

/** Precision, recall and F1 over the threshold as an SVG picture; the recommended threshold is marked. */
export function plotSvg(outcomes: readonly Outcome[], recommended?: Outcome): string {
  const first = Math.log(outcomes[0]!.threshold);
  const last = Math.log(outcomes.at(-1)!.threshold);
  const x = (threshold: number) => LEFT + ((Math.log(threshold) - first) / (last - first)) * (WIDTH - LEFT - 120);
  const y = (share: number) => 16 + (1 - share) * (HEIGHT - BOTTOM - 16);
  const text = (at: [number, number], words: string, more = "") =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${words}</text>`;
  const parts = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<path d="M${LEFT} ${y(share)}H${WIDTH - 120}" stroke="#ddd"/>${text([LEFT - 8, y(share) + 4], `${share * 100} %`, 'text-anchor="end"')}`,
  );
  for (const tick of [1, 2, 3, 5, 10, 20, 30]) {
    parts.push(text([x(tick), HEIGHT - BOTTOM + 18], String(tick), 'text-anchor="middle"'));
  }
  parts.push(text([(LEFT + WIDTH - 120) / 2, HEIGHT - 8], "threshold of the score", 'text-anchor="middle"'));
  LINES.forEach(({ name, colour, of }, i) => {
    const points = outcomes.map((one) => `${x(one.threshold).toFixed(1)},${y(of(one)).toFixed(1)}`);
    parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(text([WIDTH - 108, 32 + 20 * i], name, `fill="${colour}"`));
  });
  if (recommended) {
    const at = x(recommended.threshold).toFixed(1);
    parts.push(`<path d="M${at} 16V${HEIGHT - BOTTOM}" stroke="#555" stroke-dasharray="4 3"/>`);
    parts.push(text([WIDTH - 108, 112], `choose ${recommended.threshold}`, 'fill="#555"'));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Precision, recall and F1 over the threshold"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>${parts.join("")}</svg>\n`;
}

/** The picture and its numbers as a page. */
export function plotHtml(outcomes: readonly Outcome[], recommended?: Outcome): string {
  const cells = (tag: string, values: (string | number)[]) =>
    `<tr>${values.map((value) => `<${tag}>${value}</${tag}>`).join("")}</tr>`;
  const rows = outcomes.map((one) =>
    cells("td", [
      one.threshold,
      ...[one.precision, one.recall, one.f1].map((share) => `${(100 * share).toFixed(0)} %`),
      one.delaySeconds === undefined ? "" : `${one.delaySeconds} s`,
      one.alertsPerDay.toFixed(2),
      one.falseAlertsPerDay.toFixed(2),
    ]),
  );
  const head = ["threshold", "precision", "recall", "F1", "median delay", "alerts a day", "of them false"];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>windops backtest</title><style>body{font:16px system-ui,sans-serif;margin:2rem}td,th{padding:.2rem .8rem;text-align:right}</style><h1>Backtest</h1>${plotSvg(outcomes, recommended)}<table>${cells("th", head)}${rows.join("")}</table></html>\n`;
}
