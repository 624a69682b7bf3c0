import { AwsError } from "../../errors.ts";
import { type MemberTypes, timestamp } from "./json.ts";

type Node = Map<string, Node | string>;

const MAX_DEPTH = 16;

/**
 * A Query or EC2 form as an object: `A.member.1.B=x` and EC2's `A.1.B=x` become lists, `A.entry.1.key=k` with
 * `A.entry.1.value=v` (or SNS's Name and Value) a plain object. Leaves are strings, but for the members in `types`.
 */
export function parseForm(form: string, types: MemberTypes): Record<string, any> {
  const root: Node = new Map();
  for (const [name, value] of new URLSearchParams(form)) {
    const path = name.split(".");
    if (path.length > MAX_DEPTH) throw new AwsError("MalformedQueryString", "The parameters are nested too deeply");
    let node = root;
    for (const part of path.slice(0, -1)) {
      let next = node.get(part);
      if (!(next instanceof Map)) {
        next = new Map();
        node.set(part, next);
      }
      node = next;
    }
    node.set(path.at(-1)!, value);
  }
  return structure(root, types) as Record<string, any>;
}

function structure(node: Node | string, types: MemberTypes, name = ""): unknown {
  if (typeof node === "string") {
    if (types.blobs?.includes(name)) return Buffer.from(node, "base64");
    return types.timestamps?.includes(name) ? timestamp(node) : node;
  }
  const wrapped = node.size === 1 ? (node.get("member") ?? node.get("entry")) : undefined;
  const list = wrapped instanceof Map ? wrapped : node;
  const numbered = [...list.keys()].every((k) => /^\d+$/.test(k));
  // An empty list goes over the wire as `Name=` (older clients) or `Name.member=`.
  if (node.size === 1 && node.get("member") === "") return [];
  if (!numbered) {
    return Object.fromEntries(
      [...node].filter(([k]) => k !== "__proto__").map(([k, v]) => [k, structure(v, types, k)]),
    );
  }
  const items = [...list].sort(([a], [b]) => Number(a) - Number(b)).map(([, v]) => structure(v, types, name));
  if (!node.has("entry")) return items;
  return Object.fromEntries(items.map((e: any) => [e.key ?? e.Name, e.value ?? e.Value]));
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;" };

/** Text for XML; characters that XML 1.0 can't carry become U+FFFD. */
function xmlText(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"\r]/g, (c) => escapes[c]!);
}

function xmlValue(value: unknown, item: "member" | "item"): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map((v) => `<${item}>${xmlValue(v, item)}</${item}>`).join("");
  if (value instanceof Map) {
    return [...value]
      .map(([k, v]) => `<entry><key>${xmlText(String(k))}</key><value>${xmlValue(v, item)}</value></entry>`)
      .join("");
  }
  if (typeof value === "object" && value !== null) return xmlMembers(value, item);
  return xmlText(String(value));
}

function xmlMembers(value: object, item: "member" | "item"): string {
  return Object.entries(value)
    .filter(([, v]) => v !== undefined && v !== null)
    .map(([k, v]) => `<${k}>${xmlValue(v, item)}</${k}>`)
    .join("");
}

export function queryXml(operation: string, output: object, namespace: string, requestId: string): string {
  return (
    `<${operation}Response xmlns="${namespace}"><${operation}Result>${xmlMembers(output, "member")}</${operation}Result>` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`
  );
}

export function ec2Xml(operation: string, output: object, namespace: string, requestId: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<${operation}Response xmlns="${namespace}">` +
    `<requestId>${requestId}</requestId>${xmlMembers(output, "item")}</${operation}Response>`
  );
}

export function errorXml(wire: "query" | "ec2", error: AwsError, namespace: string, requestId: string): string {
  const shape = `<Code>${xmlText(error.code)}</Code><Message>${xmlText(error.message)}</Message>`;
  if (wire === "ec2") {
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>${shape}</Error></Errors><RequestID>${requestId}</RequestID></Response>`;
  }
  const type = error.status >= 500 ? "Receiver" : "Sender";
  return `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type>${shape}${xmlMembers(error.members, "member")}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}
