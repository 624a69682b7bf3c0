import { printable } from "../contract/printable.ts";

/**
 * A CSV cell that is safe for a terminal and a spreadsheet: a text that those take for a formula gets an apostrophe in
 * front (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export function csvCell(value: string | number | undefined): string {
  if (typeof value !== "string") return String(value ?? "");
  const text = printable(value);
  const inert = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** `s` cut to `width` columns, with an ellipsis where something was lost. */
export function clip(s: string, width: number): string {
  return s.length <= width ? s : `${s.slice(0, Math.max(0, width - 1))}…`;
}

/** 950 → "950 ms", 61_000 → "1 m 1 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = seconds % 60;
  return h > 0 ? `${h} h ${m} m` : `${m} m ${s} s`;
}

/** "90", "90s", "15m", "2h", "1d", "250ms" → milliseconds; undefined for anything else. A bare number is seconds. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (!match) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] ?? "s"]!;
  const milliseconds = Number(match[1]) * unit;
  return Number.isFinite(milliseconds) ? milliseconds : undefined;
}
