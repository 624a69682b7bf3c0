import { request } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startUiServer, type UiServer } from "../../../src/ui/server/server.ts";

let server: UiServer;
const posts: unknown[] = [];

beforeEach(async () => {
  posts.length = 0;
  server = await startUiServer({
    port: 0,
    assets: { "/index.html": { type: "text/html", body: Buffer.from("<title>page</title>") } },
    backend: {
      hello: () => ({ beat: { time: 1 } }),
      get: async (name) => (name === "thing" ? { ok: true } : undefined),
      post: async (name, body) => {
        posts.push(body);
        return name === "thing" ? { ok: true } : undefined;
      },
    },
  });
});
afterEach(() => server.close());

interface Options {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A raw request, so that Host and Origin can be what they like. */
function ask({
  path = "/",
  method = "GET",
  headers = {},
  body,
}: Options): Promise<{ status: number; headers: Record<string, any>; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: server.port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
        // The event stream has no end.
        if (path === "/events" && text.includes("\n\nevent:")) call.destroy();
      });
      response.on("close", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    call.on("error", (error) => (path === "/events" ? undefined : reject(error)));
    call.end(body);
  });
}

const cookie = () => ({ cookie: `windops_${server.port}=${server.token}` });
const json = () => ({ ...cookie(), "content-type": "application/json" });

it("turns the printed link's token into a cookie and takes it out of the address", async () => {
  const { status, headers } = await ask({ path: `/alerts?token=${server.token}&x=1` });
  expect([status, headers.location]).toEqual([303, "/alerts?x=1"]);
  expect(headers["set-cookie"][0]).toMatch(/HttpOnly; SameSite=Strict/);
  const page = await ask({ headers: cookie(), path: "/alerts" });
  expect([page.status, page.text]).toEqual([200, "<title>page</title>"]);
  expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
});

it.each([
  ["no token", { path: "/" }, 401],
  ["a wrong token", { path: "/?token=wrong" }, 401],
  ["events without a token", { path: "/events" }, 401],
  ["an API call without a token", { path: "/api/thing" }, 401],
] as [string, Options, number][])("refuses %s", async (_, options, status) => {
  expect((await ask(options)).status).toBe(status);
});

it.each([
  ["another Host (DNS rebinding)", { headers: { host: "evil.example" } }, 421],
  ["another Origin", { path: "/api/thing", headers: { origin: "http://evil.example" } }, 403],
  ["a form's POST", { path: "/api/thing", method: "POST", headers: { "content-type": "text/plain" }, body: "{}" }, 415],
  [
    "a large body",
    { path: "/api/thing", method: "POST", headers: { "content-type": "application/json" }, body: "x".repeat(20_000) },
    400,
  ],
  [
    "a body that is no JSON",
    { path: "/api/thing", method: "POST", headers: { "content-type": "application/json" }, body: "{" },
    400,
  ],
  ["a path outside of the page", { path: "/../package.json" }, 404],
  ["PUT", { path: "/api/thing", method: "PUT" }, 405],
] as [string, Options, number][])("refuses %s, even with the cookie", async (_, options, status) => {
  expect((await ask({ ...options, headers: { ...cookie(), ...options.headers } })).status).toBe(status);
  expect(posts).toEqual([]);
});

it("answers API calls and sends events", async () => {
  expect((await ask({ path: "/api/thing", headers: cookie() })).text).toBe('{"ok":true}');
  expect((await ask({ path: "/api/thing", method: "POST", headers: json(), body: '{"a":1}' })).status).toBe(200);
  expect(posts).toEqual([{ a: 1 }]);
  expect((await ask({ path: "/api/other", headers: cookie() })).status).toBe(404);
  expect((await ask({ path: "/events", headers: cookie() })).text).toContain('event: beat\ndata: {"time":1}');
});

it("says which port is taken and what to do", async () => {
  const second = startUiServer({
    port: server.port,
    assets: {},
    backend: { hello: () => ({}), get: async () => 1, post: async () => 1 },
  });
  await expect(second).rejects.toMatchObject({
    code: "E_PORT_TAKEN",
    message: `Port ${server.port} on 127.0.0.1 is taken.`,
  });
});
