const COLOURS = {
  bold: "#ffffff",
  dim: "#8b949e",
  red: "#ff7b72",
  green: "#7ee787",
  yellow: "#e3b341",
  cyan: "#79c0ff",
};
const [WIDTH, HEIGHT, MARGIN] = [8.4, 20, 20];
/** Longest pause that is shown, s. */
const PAUSE = 1.5;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Lines of a screen as an SVG in which each comes when it came; where animation is off all of them stand. */
export function svg(prompt, lines, columns) {
  const shown = lines.filter(({ pieces }) => pieces.some(({ text }) => text.trim()));
  const order = [...shown].sort((a, b) => a.at - b.at);
  const when = new Map();
  let time = 0.8;
  for (const [i, line] of order.entries()) {
    time += i === 0 ? 0.3 : Math.min(PAUSE, (line.at - order[i - 1].at) / 1000);
    when.set(line, time);
  }
  const size = [columns * WIDTH + 2 * MARGIN, (shown.length + 1) * HEIGHT + 2 * MARGIN].map(Math.ceil);
  const line = (pieces, row, style) =>
    `<text y="${MARGIN + row * HEIGHT + 14}"${style}>${pieces
      .map(({ style, text }) => {
        const colour = COLOURS[style] ? ` fill="${COLOURS[style]}"` : "";
        return `<tspan${colour}>${escaped(text)}</tspan>`;
      })
      .join("")}</text>`;
  const rows = shown.map((one, i) =>
    line(one.pieces, i + 1, ` class="l" style="animation-delay:${when.get(one).toFixed(2)}s"`),
  );
  const told = shown.map(({ pieces }) =>
    pieces
      .map(({ text }) => text)
      .join("")
      .trim(),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(" ")}" width="${size[0]}" height="${size[1]}" role="img" aria-label="${escaped(`$ ${prompt}: ${told.join("; ")}`).replaceAll('"', "&quot;")}">
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#c9d1d9;white-space:pre}.l{animation:a .01s both}@keyframes a{from{opacity:0}}@media(prefers-reduced-motion:reduce){.l{animation:none}}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g transform="translate(${MARGIN})">
${line(
  [
    { style: "dim", text: "$ " },
    { style: "bold", text: prompt },
  ],
  0,
  "",
)}
${rows.join("\n")}
</g>
</svg>
`;
}
