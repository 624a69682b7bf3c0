/**
 * Text from a record made safe for a terminal: control characters (ESC, BEL, C1, bidi overrides, line breaks) become
 * visible escapes, so that a turbine named `\x1b]0;x\x07` can't drive the reader's terminal.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f]/g, escaped).replace(STEERING, escaped);
}

/**
 * JSON of a value that is safe for a terminal, and means the same to a parser: `JSON.stringify` escapes what is below a
 * space, but not C1 controls (CSI is one) and bidi overrides.
 */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(STEERING, escaped);
}

/** What steers a terminal or hides text, above a space: DEL and C1 controls, marks without width, bidi controls. */
const STEERING = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const escaped = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
