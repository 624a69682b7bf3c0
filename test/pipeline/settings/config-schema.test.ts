import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { PipelineSettings } from "../../../src/library/settings.ts";
import { settingsSchema } from "../../../src/pipeline/settings/config.ts";

// `npx vitest run test/pipeline/config-schema.test.ts -u` writes the file anew.
test("schema/windops.schema.json is made from the settings' definition", async () => {
  const schema = { ...z.toJSONSchema(settingsSchema, { io: "input", target: "draft-7" }), title: "windops.json" };
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot("../../../schema/windops.schema.json");
});

// Held to by the type check. The library's is written out, so that its declarations need no zod where it is installed.
test("the library's settings are those of windops.json, but for where the pipeline is", () => {
  type Input = Omit<z.input<typeof settingsSchema>, "$schema" | "target" | "region" | "profile" | "endpointUrl">;
  expectTypeOf<Omit<PipelineSettings, "logRetentionDays">>().toEqualTypeOf<Omit<Input, "logRetentionDays">>();
  // There any number, of which only some are days that CloudWatch has.
  expectTypeOf<Pick<Input, "logRetentionDays">>().toExtend<Pick<PipelineSettings, "logRetentionDays">>();
});
