import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable, printableJson } from "../../src/contract/printable.ts";
import { clip, csvCell, duration, parseDuration } from "../../src/io/text.ts";

describe("durations", () => {
  const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

  test("a number and a unit are so many milliseconds; without a unit seconds", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), fc.constantFrom(...Object.entries(UNITS)), (n, [unit, ms]) => {
        expect(parseDuration(`${n}${unit}`)).toBe(n * ms);
        expect(parseDuration(` ${n} `)).toBe(n * 1000);
      }),
    );
  });

  test("any text is a finite time that isn't negative, or none", () => {
    expect(parseDuration("9".repeat(400))).toBeUndefined();
    expect(parseDuration(`${"9".repeat(306)}d`)).toBeUndefined();
    const digits = fc.stringMatching(/^\d{1,30}(\.\d{1,20})?(ms|s|m|h|d)?$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits), (text) => {
        const value = parseDuration(text);
        expect(value === undefined || (Number.isFinite(value) && value >= 0)).toBe(true);
      }),
    );
  });

  test("what is shown is never longer than people read", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (ms) => {
        expect(duration(ms).length).toBeLessThan(16);
      }),
    );
  });
});

test("nothing that steers a terminal is left of any text, and nothing of what is harmless changes", () => {
  const steering = /\p{Cc}|\p{Bidi_Control}|[\u2028\u2029\ufeff\u200b]/u;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(steering);
      expect(printable(printable(text))).toBe(printable(text));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."aZ9 äß漢<>\\\"'") }), (text) => {
      expect(printable(text)).toBe(text);
    }),
  );
});

test("JSON and CSV of any text steer nothing, and JSON means what it meant", () => {
  const steering = /\p{Cc}|\p{Bidi_Control}|[\u2028\u2029\ufeff\u200b]/u;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printableJson({ [text]: text })).not.toMatch(steering);
      expect(JSON.parse(printableJson({ [text]: [text] }, 2))).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
      expect(csvCell(text)).not.toMatch(steering);
      expect(csvCell(text)).not.toMatch(/^"?[=+\-@]/);
    }),
  );
  expect([csvCell(-1.5), csvCell(undefined), csvCell('a,"b"'), csvCell("=1+1"), csvCell("-,x")]).toEqual([
    "-1.5",
    "",
    '"a,""b"""',
    "'=1+1",
    `"'-,x"`,
  ]);
});

test("clipped text fits", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 30 }), (text, width) => {
      expect(clip(text, width).length).toBeLessThanOrEqual(width);
    }),
  );
});
