import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { zipBytes } from "../../src/io/zip.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("zipBytes", () => {
  it("gives the same bytes whatever the order and the time zone", () => {
    const zone = process.env.TZ;
    const one = zipBytes({ "index.mjs": bytes("export {}"), "a.json": bytes("{}") });
    try {
      process.env.TZ = "Pacific/Auckland";
      expect(zipBytes({ "a.json": bytes("{}"), "index.mjs": bytes("export {}") })).toEqual(one);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
    expect(Object.keys(unzipSync(one))).toEqual(["a.json", "index.mjs"]);
    expect(new TextDecoder().decode(unzipSync(one)["index.mjs"])).toBe("export {}");
  });
});
