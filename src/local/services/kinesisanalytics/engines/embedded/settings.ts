import { DETECTOR_DEFAULTS, type DetectorOptions } from "../../../../../detect/detector.ts";
import { WindopsError } from "../../../../../io/errors/errors.ts";
import { streamNameOf } from "../../../kinesis/stream-reader.ts";
import type { Properties } from "../engine.ts";

/** What the job reads from its property group `project`; names and defaults are those of the Flink job. */
export interface JobSettings {
  inputStreamName: string;
  outputStreamName: string;
  region: string;
  detector: DetectorOptions;
  /** Milliseconds without a reading after which a turbine is forgotten. */
  turbineExpiryMs: number;
  initialPosition: "TRIM_HORIZON" | "LATEST";
}

const GROUP = "project";
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const wrong = (name: string, value: string, expected: string) =>
  new WindopsError("E_APPLICATION_PROPERTY", `The property "${name}" is "${value}": expected ${expected}.`, {
    hint: `Set it in the application's property group "${GROUP}" (windops configure-flink does).`,
  });

/** Throws `WindopsError` E_APPLICATION_PROPERTY for a missing or wrong property. */
export function jobSettings(properties: Properties, region: string): JobSettings {
  const group = properties[GROUP];
  if (!group) {
    throw new WindopsError(
      "E_APPLICATION_PROPERTY",
      `The application has no property group "${GROUP}" (it has: ${Object.keys(properties).join(", ") || "none"}).`,
      { hint: "Add it, or run: windops configure-flink" },
    );
  }
  const text = (name: string): string | undefined => group[name]?.trim() || undefined;
  const required = (...names: string[]): string => {
    const value = names.map(text).find((found) => found !== undefined);
    if (value === undefined) throw wrong(names[0]!, "", "the name of a stream");
    return value;
  };
  const number = (name: keyof DetectorOptions, low: number, high: number, whole = true): number => {
    const value = text(name);
    if (value === undefined) return DETECTOR_DEFAULTS[name] as number;
    const parsed = Number(value);
    if (Number.isFinite(parsed) && parsed >= low && parsed <= high && (!whole || Number.isInteger(parsed)))
      return parsed;
    throw wrong(name, value, `a ${whole ? "whole " : ""}number from ${low} to ${high}`);
  };
  const features = (text("features") ?? DETECTOR_DEFAULTS.features.join(",")).split(",").map((name) => name.trim());
  if (features.some((name) => name === ""))
    throw wrong("features", text("features") ?? "", "names of numeric fields, with commas between");
  const initialPosition = text("initialPosition") ?? "TRIM_HORIZON";
  if (initialPosition !== "TRIM_HORIZON" && initialPosition !== "LATEST") {
    throw wrong("initialPosition", initialPosition, "TRIM_HORIZON or LATEST");
  }
  return {
    inputStreamName: nameOf(required("inputStreamName")),
    // The second spelling is that of older jars of this pipeline, and of the applications configured for them.
    outputStreamName: nameOf(required("outputStreamName", "ouputStreamName")),
    region: text("region") ?? region,
    detector: {
      features,
      numberOfTrees: number("numberOfTrees", 1, 10_000),
      sampleSize: number("sampleSize", 2, 32_000),
      timeDecay: number("timeDecay", 0, 1, false),
      shingleSize: number("shingleSize", 1, 1000),
      outputAfter: number("outputAfter", 0, 2 ** 31 - 1),
      seed: number("seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    },
    turbineExpiryMs: duration("turbineExpiry", text("turbineExpiry") ?? "7d"),
    initialPosition,
  };
}

/** A stream is named by its name or its ARN. */
const nameOf = (stream: string): string => (stream.startsWith("arn:") ? streamNameOf(stream) : stream);

/** Milliseconds of a number and one of ms, s, m, h, d. */
function duration(name: string, value: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(value.toLowerCase()) ?? [];
  if (count === undefined || unit === undefined)
    throw wrong(name, value, "a duration such as 500ms, 30s, 15m, 24h or 7d");
  return Number(count) * UNITS[unit]!;
}
