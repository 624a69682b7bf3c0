import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { WindopsError } from "../../../src/io/errors/errors.ts";
import { settingsSchema } from "../../../src/pipeline/settings/config.ts";
import { loadSettings } from "../../../src/pipeline/settings/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "windops-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "windops.json");
const load = (text: string, env: Record<string, string> = {}) => {
  writeFileSync(file, text);
  try {
    return loadSettings(env, folder, {});
  } catch (error) {
    return error;
  }
};

/** Settings, or an error for people: a code, what is wrong, and how to put it right. */
function expectAnswer(answer: unknown): void {
  if (!(answer instanceof Error)) {
    expect(settingsSchema.safeParse(answer).success).toBe(true);
    return;
  }
  expect(answer).toBeInstanceOf(WindopsError);
  expect(answer).toMatchObject({ code: expect.stringMatching(/^E_CONFIG_/), hint: expect.stringMatching(/./) });
}

const keys = Object.keys(settingsSchema.shape);

test("any file is settings or a clear error", () => {
  const some = fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        some.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        expectAnswer(load(text));
      },
    ),
  );
});

test("any WINDOPS_* texts are settings or a clear error", () => {
  const variables = keys.map((key) => `WINDOPS_${key.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`);
  const texts = fc.oneof(fc.string(), fc.constantFrom("1", "true", "15m", "eu-west-1", "a@b.org", "-1", "NaN"));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...variables), texts), (env) => {
      expectAnswer(load("{}", env));
    }),
  );
});

test("the environment wins over the file", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (inFile, inEnv) => {
      const text = JSON.stringify({ shards: inFile });
      expect(load(text)).toMatchObject({ shards: inFile });
      expect(load(text, { WINDOPS_SHARDS: String(inEnv) })).toMatchObject({ shards: inEnv });
    }),
  );
});
