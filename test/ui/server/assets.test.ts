import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { loadAssets } from "../../../src/ui/server/assets.ts";

it("is small and needs nobody else: under 150 kB gzipped, no address but its own", async () => {
  const assets = Object.values(await loadAssets());
  expect(assets.reduce((size, { body }) => size + gzipSync(body).length, 0)).toBeLessThan(150_000);
  for (const { body } of assets) {
    // Names of XML namespaces aren't fetched.
    const addresses = (body.toString().match(/https?:\/\/[^\s"'`)]+/g) ?? []).filter((a) => !a.includes("www.w3.org"));
    expect(addresses).toEqual([]);
  }
});
