import { expect, test } from "vitest";

// A script without types.
const { javaTests } = await import(new URL("../scripts/java-tests.mjs", import.meta.url).href);

test("Java's tests run with the whole suite; where they can't that is said, and fails in CI", () => {
  expect(javaTests({ all: true, java: true, ci: true })).toEqual({ run: true, failed: false });
  expect(javaTests({ all: false, java: true, ci: true })).toEqual({ run: false, failed: false });
  expect(javaTests({ all: false, java: false, ci: true })).toEqual({ run: false, failed: false });
  const skipped = expect.stringContaining("JDK 17 and Maven");
  expect(javaTests({ all: true, java: false, ci: false })).toEqual({ run: false, skipped, failed: false });
  expect(javaTests({ all: true, java: false, ci: true })).toEqual({ run: false, skipped, failed: true });
});
