import type { WaitingReading } from "../../src/contract/alerts.ts";
import { printable } from "../../src/contract/printable.ts";

/** What SNS is given. */
export interface Message {
  subject: string;
  text: string;
  attributes: Record<string, { type: "String" | "Number"; value: string }>;
}

const SUBJECT = "Abnormal Wind Turbine Speed Detected";
const CALM_SUBJECT = "Wind Turbine Calm Again";
const MPH = 3600 / 1609.344;
/** SNS takes 256 KB; a digest names so many and counts the rest. */
const MOST_LINES = 200;

/** Names come from records: what could steer a reader's terminal or mail program is made visible. */
const safe = (text: string): string => printable(text).slice(0, 256) || "unknown";
const both = (speed: number): string => `${speed.toFixed(2)} m/s (${(speed * MPH).toFixed(1)} mph)`;

function attributes(reading: WaitingReading, id: string): Message["attributes"] {
  return {
    turbineId: { type: "String", value: safe(reading.turbineId) },
    location: { type: "String", value: safe(reading.location) },
    score: { type: "Number", value: String(reading.score) },
    // The same on every attempt: a subscriber who sees it twice has seen one notification twice.
    deduplicationId: { type: "String", value: id },
  };
}

/** The notification of an anomaly by its first reading. `id` is safe to show. */
export function anomalyMessage(reading: WaitingReading, minScore: number, id: string): Message {
  return {
    subject: SUBJECT,
    text: [
      "Wind that doesn't belong there was measured:",
      "",
      `Turbine:  ${safe(reading.turbineId)}`,
      `Location: ${safe(reading.location)}`,
      `Speed:    ${both(reading.speed)}`,
      `Score:    ${reading.score.toFixed(2)} (an anomaly from ${minScore})`,
      `Time:     ${reading.timestamp}`,
      "",
      `Notification ${id}`,
    ].join("\n"),
    attributes: attributes(reading, id),
  };
}

/** One notification for the anomalies of a location; the one with the highest score stands in the attributes. */
export function digestMessage(readings: WaitingReading[], minScore: number, id: string): Message {
  const ranked = readings.toSorted((a, b) => b.score - a.score);
  const highest = ranked[0]!;
  const lines = ranked
    .slice(0, MOST_LINES)
    .map((r) => `${r.timestamp}  ${safe(r.turbineId)}  ${both(r.speed)}  score ${r.score.toFixed(2)}`);
  if (ranked.length > MOST_LINES) lines.push(`… and ${ranked.length - MOST_LINES} more`);
  return {
    subject: SUBJECT,
    text: [
      `Wind that doesn't belong there was measured at ${ranked.length} turbines of ${safe(highest.location)}`,
      `(an anomaly from score ${minScore}):`,
      "",
      ...lines,
      "",
      `Notification ${id}`,
    ].join("\n"),
    attributes: attributes(highest, id),
  };
}

/** Says that an anomaly is over. */
export function calmMessage(reading: WaitingReading, last: string, id: string): Message {
  return {
    subject: CALM_SUBJECT,
    text: [
      "The wind is ordinary again:",
      "",
      `Turbine:  ${safe(reading.turbineId)}`,
      `Location: ${safe(reading.location)}`,
      `Anomaly:  ${reading.timestamp} to ${last}`,
      "",
      `Notification ${id}`,
    ].join("\n"),
    attributes: attributes(reading, id),
  };
}
