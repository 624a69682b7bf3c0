import { expect, it } from "vitest";
import { leaks } from "./leaks.ts";

const secrets = { password: "canary/Mail+Password" };
const hide = (encode: (text: string) => string) => [`before ${encode(secrets.password)} behind`];

it.each([
  ["as it is", (text: string) => text],
  ["in hexadecimal", (text: string) => Buffer.from(text).toString("hex")],
  ["percent-encoded", encodeURIComponent],
  ["in base64", (text: string) => Buffer.from(text).toString("base64")],
  ["in base64 behind a user", (text: string) => Buffer.from(`\0operator\0${text}`).toString("base64")],
  ["in base64 between others", (text: string) => Buffer.from(`x${text}yz`).toString("base64")],
])("a secret %s is found", (_, encode) => {
  expect(leaks(["nothing", ...hide(encode)], secrets)).toEqual([expect.stringMatching(/^password: before/)]);
});

it("what holds none is passed", () => {
  expect(leaks(["nothing", "canary", Buffer.from("another").toString("base64")], secrets)).toEqual([]);
});
