import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import type { WriteOptions } from "../shared/batch-write.ts";
import { AlertTable } from "./alert-table.ts";
import { tellCalm } from "./calm.ts";
import { tellDigest } from "./digest.ts";
import type { Message } from "./message.ts";
import type { Delivery } from "./notice.ts";
import { newestReading, sweep, waitingTurbines } from "./sweep.ts";
import { type Outcome, tellTurbine } from "./turbine.ts";

/**
 * What to look at. The destination names turbines, the schedule asks for all that waits; anything else (an empty event,
 * `windops scan --notify`) looks through the whole table as well.
 */
export interface DeliveryEvent {
  look?: "turbines" | "waiting";
  turbines?: string[];
}

export interface DeliveryResult {
  /** Notifications that are out because of this run. */
  told: number;
}

export interface DeliveryParts extends WriteOptions {
  settings: DeliverySettings;
  dynamodb: DynamoDBClient;
  publish(message: Message): Promise<string>;
  now(): number;
  owner: string;
  log(line: string): void;
}

const CONCURRENCY = 8;
/** Kept back, so that no run ends between a publish and its mark because time ran out. */
const RESERVE = 10_000;

/** Notifies each anomaly that isn't yet. Throws at the end if a notification couldn't be published, so that it's retried. */
export async function deliver(event: DeliveryEvent, parts: DeliveryParts): Promise<DeliveryResult> {
  const { settings, dynamodb } = parts;
  const alerts = new AlertTable(dynamodb, settings.alertTable);
  const delivery: Delivery = { alerts, publish: parts.publish, now: parts.now, owner: parts.owner };
  if (event?.look !== "turbines" && event?.look !== "waiting") await sweep(dynamodb, alerts, settings, parts);
  const turbines = event?.look === "turbines" ? new Set(event.turbines) : await waitingTurbines(alerts);

  const outcome: Outcome = { told: 0, gathering: new Set() };
  const errors: unknown[] = [];
  const attempt = async (what: () => Promise<void>) => {
    if (parts.remaining() < RESERVE) return;
    await what().catch((error) => {
      errors.push(error);
      parts.log(`Not told, kept for the next run: ${error}`);
    });
  };
  const queue = [...turbines];
  const worker = async () => {
    for (let turbine = queue.shift(); turbine !== undefined; turbine = queue.shift()) {
      const id = turbine;
      await attempt(() => tellTurbine(id, settings, delivery, outcome));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  for (const location of outcome.gathering) {
    await attempt(async () => {
      outcome.told += await tellDigest(location, settings, delivery);
    });
  }
  if (settings.calmNotice && event?.look !== "turbines") {
    await attempt(async () => {
      const newest = (turbineId: string) => newestReading(dynamodb, settings.table, turbineId);
      outcome.told += await tellCalm(settings, delivery, newest);
    });
  }
  if (errors.length > 0) throw new Error(`${errors.length} of ${turbines.size} not told: ${errors[0]}`);
  return { told: outcome.told };
}
