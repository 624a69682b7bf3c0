/** An element of a request document; text is what stands directly in it, entities resolved. */
export interface Element {
  name: string;
  text: string;
  children: Element[];
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const MAX_DEPTH = 32;

/**
 * Parses the small XML dialect of S3's requests: elements, text, numeric and the five named entities, CDATA, comments.
 * Attributes are skipped, prefixes dropped. No DTDs, so nothing expands. Throws `SyntaxError`.
 */
export function parseXml(source: string): Element {
  const root: Element = { name: "", text: "", children: [] };
  const open: Element[] = [root];
  let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < source.length) {
    const here = open[open.length - 1]!;
    const lt = source.indexOf("<", at);
    const text = lt < 0 ? source.slice(at) : source.slice(at, lt);
    here.text += unescapeXml(text);
    if (lt < 0) break;
    if (source.startsWith("<!--", lt)) {
      at = after(source, "-->", lt);
    } else if (source.startsWith("<![CDATA[", lt)) {
      at = after(source, "]]>", lt);
      here.text += source.slice(lt + 9, at - 3);
    } else if (source.startsWith("<?", lt)) {
      at = after(source, "?>", lt);
    } else if (source.startsWith("<!", lt)) {
      throw new SyntaxError("document type declarations are not accepted");
    } else {
      at = after(source, ">", lt);
      tag(source.slice(lt + 1, at - 1), open);
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim())
    throw new SyntaxError("not one root element");
  return root.children[0]!;
}

function tag(inside: string, open: Element[]): void {
  if (inside.startsWith("/")) {
    const closed = open.length > 1 ? open.pop() : undefined;
    if (closed?.name !== localName(inside.slice(1).trim())) throw new SyntaxError(`unexpected </${inside.slice(1)}>`);
    return;
  }
  const empty = inside.endsWith("/");
  const name = /^[^\s/]+/.exec(inside)?.[0];
  if (!name || !/^[A-Za-z_][\w.:-]*$/.test(name)) throw new SyntaxError("bad element name");
  const element: Element = { name: localName(name), text: "", children: [] };
  open[open.length - 1]!.children.push(element);
  if (!empty) open.push(element);
  if (open.length > MAX_DEPTH) throw new SyntaxError("nested too deeply");
}

function after(source: string, end: string, from: number): number {
  const found = source.indexOf(end, from);
  if (found < 0) throw new SyntaxError(`no ${end}`);
  return found + end.length;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d+)|#x([\da-fA-F]+)|(\w+));?/g, (whole, decimal, hex, name) => {
    if (name !== undefined) {
      const character = NAMED[name];
      if (character === undefined || !whole.endsWith(";")) throw new SyntaxError(`unknown entity ${whole}`);
      return character;
    }
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    if (!(code > 0 && code <= 0x10ffff)) throw new SyntaxError(`bad character reference ${whole}`);
    return String.fromCodePoint(code);
  });
}

export function child(element: Element, name: string): Element | undefined {
  return element.children.find((c) => c.name === name);
}

export function childText(element: Element, name: string): string | undefined {
  return child(element, name)?.text;
}

export function children(element: Element, name: string): Element[] {
  return element.children.filter((c) => c.name === name);
}

/** Control characters that XML 1.0 can't carry are dropped, except in keys, which listings url-encode on request. */
function escapeXml(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/\r/g, "&#13;")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
}

type Value = string | number | boolean | Date | undefined;
/** `[name, value or members]`; an undefined value leaves the element out. */
export type Xml = [name: string, value: Value | Xml[]];

function write([name, value]: Xml): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return `<${name}>${value.map(write).join("")}</${name}>`;
  return `<${name}>${escapeXml(value instanceof Date ? value.toISOString() : String(value))}</${name}>`;
}

export function document(name: string, members: Xml[], namespace = "http://s3.amazonaws.com/doc/2006-03-01/"): string {
  const xmlns = namespace ? ` xmlns="${namespace}"` : "";
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${xmlns}>${members.map(write).join("")}</${name}>`;
}

/** A parsed element as it can be written again. */
export function toXml(element: Element): Xml {
  return [element.name, element.children.length > 0 ? element.children.map(toXml) : element.text];
}
