import { expect, test } from "vitest";
import { z } from "zod";
import { settingsSchema } from "../../src/pipeline/config.ts";

// `npx vitest run test/pipeline/config-schema.test.ts -u` writes the file anew.
test("schema/windops.schema.json is made from the settings' definition", async () => {
  const schema = { ...z.toJSONSchema(settingsSchema, { io: "input", target: "draft-7" }), title: "windops.json" };
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot("../../schema/windops.schema.json");
});
