import { AwsError } from "../../errors.ts";
import type { RestBinding, RpcService } from "../../service.ts";
import type { Answer, Codec } from "./index.ts";
import { fromJson, toJson } from "./json.ts";

interface Route {
  method: string;
  parts: { label?: string; greedy?: boolean; text: string }[];
  operation: string;
}

const compiled = new WeakMap<RpcService, Route[]>();

function routesOf(service: RpcService): Route[] {
  let routes = compiled.get(service);
  if (!routes) {
    routes = Object.entries(service.routes ?? {}).map(([key, operation]) => {
      const [method, path] = key.split(" ") as [string, string];
      const parts = segments(path).map((text) => {
        const label = /^\{(.+?)(\+?)\}$/.exec(text);
        return label ? { label: label[1]!, greedy: label[2] === "+", text } : { text };
      });
      return { method, parts, operation };
    });
    // Literal segments before labels: `/functions/{Name}/code` isn't `/functions/{Name}/{Other}`.
    const literals = (r: Route) => r.parts.filter((p) => !p.label).length;
    routes.sort((a, b) => literals(b) - literals(a));
    compiled.set(service, routes);
  }
  return routes;
}

const segments = (path: string) => path.split("/").filter((s) => s !== "");

/** The operation that a REST-JSON request means, with the members in its path and query; undefined for none. */
export function matchRoute(
  service: RpcService,
  method: string,
  url: URL,
): { operation: string; members: Record<string, unknown> } | undefined {
  const path = segments(url.pathname);
  for (const route of routesOf(service)) {
    const members = route.method === method ? matchPath(route, path) : undefined;
    if (!members) continue;
    for (const key of new Set(url.searchParams.keys())) {
      const values = url.searchParams.getAll(key);
      if (key !== "__proto__" && !(key in members)) members[key] = values.length > 1 ? values : values[0];
    }
    return { operation: route.operation, members };
  }
  return undefined;
}

function matchPath(route: Route, path: string[]): Record<string, unknown> | undefined {
  const members: Record<string, unknown> = {};
  for (const [i, part] of route.parts.entries()) {
    if (part.greedy) {
      if (path.length <= i) return undefined;
      members[part.label!] = path.slice(i).map(unescapeLabel).join("/");
      return members;
    }
    if (i >= path.length) return undefined;
    if (part.label) members[part.label] = unescapeLabel(path[i]!);
    else if (path[i] !== part.text) return undefined;
  }
  return path.length === route.parts.length ? members : undefined;
}

function unescapeLabel(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError("ValidationException", `Badly escaped path: ${text}`);
  }
}

/** REST-JSON for one matched request. */
export function restCodec(
  service: RpcService,
  match: { operation: string; members: Record<string, unknown> },
  headers: Record<string, string | string[] | undefined>,
): Codec {
  const binding: RestBinding = service.bindings?.[match.operation] ?? {};
  const json = { "content-type": "application/json" };
  return {
    wire: "rest-json",
    decode: (body) => ({ ...decodeBody(service, binding, body), ...fromHeaders(binding, headers), ...match.members }),
    answer: (output) => restAnswer(binding, output ?? {}),
    error: (error) => ({
      status: error.status,
      headers: { ...json, "x-amzn-errortype": error.code },
      body: toJson({ ...error.members, message: error.message }),
    }),
  };
}

function decodeBody(service: RpcService, binding: RestBinding, body: Buffer): Record<string, unknown> {
  const { payload } = binding;
  if (!payload) return fromJson(body, service);
  if (payload.type === "raw") return { [payload.member]: body };
  return body.length > 0 ? { [payload.member]: fromJson(body, service) } : {};
}

function fromHeaders(binding: RestBinding, headers: Record<string, string | string[] | undefined>) {
  const members: Record<string, unknown> = {};
  for (const [member, header] of Object.entries(binding.headers ?? {})) {
    const value = headers[header.toLowerCase()];
    if (value !== undefined) members[member] = value;
  }
  return members;
}

function restAnswer(binding: RestBinding, output: Record<string, any>): Answer {
  const rest = { ...output };
  const headers: Record<string, string> = {};
  for (const [member, header] of Object.entries(binding.answerHeaders ?? {})) {
    if (rest[member] !== undefined) headers[header] = String(rest[member]);
    delete rest[member];
  }
  let status = 200;
  if (typeof binding.status === "number") status = binding.status;
  else if (binding.status) {
    status = Number(rest[binding.status.member] ?? 200);
    delete rest[binding.status.member];
  }
  if (binding.answerPayload) {
    const payload = rest[binding.answerPayload];
    return { status, headers: { "content-type": "application/json", ...headers }, body: payload ?? "" };
  }
  return {
    status,
    headers: status === 204 ? headers : { "content-type": "application/json", ...headers },
    body: status === 204 ? "" : toJson(rest),
  };
}
