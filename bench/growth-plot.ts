export interface Step {
  turbines: number;
  /** Readings a second that the stream acknowledged. */
  sent: number;
  /** Readings a second that reached the table. */
  stored: number;
  /** Milliseconds that the oldest reading not yet stored had waited at the end. */
  lagMs: number;
  /** Of the stack's process, MiB. */
  rss: number;
  /** Of the stack's process, seconds of processor time a second. */
  cores: number;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 380, 64, 24, 20, 48];
const n = (value: number) => Math.round(value).toLocaleString("en-US");

/** Rows a second over the number of turbines, both by powers of ten, beside the line of all that were sent. */
export function growthSvg(steps: readonly Step[]): string {
  const last = Math.ceil(Math.log10(Math.max(...steps.map(({ turbines }) => turbines))));
  const x = (value: number) => LEFT + (Math.log10(value) / last) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (Math.log10(Math.max(1, value)) / last) * (HEIGHT - BOTTOM - TOP);
  const text = (left: number, top: number, words: string, more: string) =>
    `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" ${more}>${words}</text>`;
  const middle = 'text-anchor="middle"';
  const parts: string[] = [];
  for (let power = 0; power <= last; power++) {
    const at = 10 ** power;
    parts.push(`<path d="M${LEFT} ${y(at).toFixed(1)}H${WIDTH - RIGHT}" stroke="#ddd"/>`);
    parts.push(text(LEFT - 8, y(at) + 4, n(at), 'text-anchor="end"'));
    parts.push(text(x(at), HEIGHT - BOTTOM + 18, n(at), middle));
  }
  parts.push(text((LEFT + WIDTH) / 2, HEIGHT - 8, "turbines, a reading a second each", middle));
  parts.push(text(LEFT + 8, TOP + 4, "readings a second in the table", ""));
  parts.push(
    `<path d="M${x(1)} ${y(1)}L${x(10 ** last)} ${y(10 ** last)}" stroke="#888" stroke-dasharray="5 4" fill="none"/>`,
  );
  const line = steps.map(({ turbines, stored }) => `${x(turbines).toFixed(1)},${y(stored).toFixed(1)}`);
  parts.push(`<polyline points="${line.join(" ")}" fill="none" stroke="#1b6ca8" stroke-width="2"/>`);
  for (const { turbines, stored } of steps) {
    parts.push(`<circle cx="${x(turbines).toFixed(1)}" cy="${y(stored).toFixed(1)}" r="4" fill="#1b6ca8"/>`);
    parts.push(text(x(turbines) - 8, y(stored) - 8, n(stored), 'text-anchor="end" fill="#1b6ca8"'));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Readings a second that reach the table, for 1 to 10,000 turbines"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>${parts.join("")}</svg>\n`;
}

export function growthTable(steps: readonly Step[]): string {
  const rows = steps.map(({ turbines, sent, stored, lagMs, rss, cores }) => {
    return [n(turbines), n(sent), n(stored), `${(lagMs / 1000).toFixed(1)} s`, cores.toFixed(2), n(rss)];
  });
  const head = ["turbines", "sent/s", "stored/s", "behind at the end", "cores of the stack", "its memory, MiB"];
  return [head, head.map(() => "--:"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
