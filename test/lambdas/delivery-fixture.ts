import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { type DeliveryEvent, type DeliveryParts, deliver } from "../../lambdas/delivery/delivery.ts";
import type { Message } from "../../lambdas/delivery/message.ts";
import { waitingItem } from "../../src/contract/alerts.ts";
import type { DeliverySettings } from "../../src/contract/environment.ts";
import { marshal } from "../../src/contract/item.ts";
import type { Row } from "../../src/contract/row.ts";
import { rowItem } from "../../src/contract/row.ts";
import { startTables, type Tables } from "./tables.ts";

export const MINUTE = 60_000;
const START = Date.parse("2026-11-23T10:00:00.000Z");
export const at = (minutes: number): string => new Date(START + minutes * MINUTE).toISOString();

export type Call = { name: string; send: () => Promise<any> };

/** A pipeline's end: the tables, an SNS that keeps what it's given, and a clock. */
export class Deliveries {
  readonly tables: Tables;
  readonly published: Message[] = [];
  clock = START + 1_000_000_000;
  settings: DeliverySettings = {
    table: "WindDataTable",
    alertTable: "WindDataTableAlerts",
    minScore: 2,
    topicArn: "arn:aws:sns:us-east-1:000000000000:AnomalyNotification",
    everyReading: false,
    quiet: 15 * MINUTE,
    cooldown: 0,
    digest: 0,
    calmNotice: false,
  };

  constructor(tables: Tables) {
    this.tables = tables;
  }

  static async start(): Promise<Deliveries> {
    return new Deliveries(await startTables());
  }

  /** Anomalous readings as the destination leaves them: a row and a waiting item each. */
  async arrive(turbineId: string, minutes: number[], fields: Partial<Row> = {}): Promise<void> {
    for (const minute of minutes) {
      const row: Row = {
        turbineId,
        timestamp: at(minute),
        location: "Oak Ridge",
        speed: 31,
        score: 4,
        more: {},
        ...fields,
      };
      await this.put("WindDataTable", rowItem(row, this.settings.minScore));
      if (row.score >= 2) await this.put("WindDataTableAlerts", waitingItem(row));
    }
  }

  put(TableName: string, item: Parameters<typeof marshal>[0]): Promise<unknown> {
    return this.tables.client.send(new PutItemCommand({ TableName, Item: marshal(item) }));
  }

  /** One run of the function; `around` sees every call to DynamoDB and SNS. */
  run(event: DeliveryEvent = { look: "waiting" }, around: (call: Call) => Promise<any> = (call) => call.send()) {
    const { client } = this.tables;
    const dynamodb = {
      send: (command: any) => around({ name: command.constructor.name, send: () => client.send(command) }),
    } as unknown as DynamoDBClient;
    const parts: DeliveryParts = {
      settings: this.settings,
      dynamodb,
      publish: (message) =>
        around({
          name: "Publish",
          send: async () => {
            this.published.push(message);
            return `m-${this.published.length}`;
          },
        }),
      now: () => this.clock,
      owner: `run-${Math.random()}`,
      log: () => {},
      remaining: () => 60_000,
      wait: async () => {},
      random: () => 0.5,
    };
    return deliver(event, parts);
  }

  get ids(): string[] {
    return this.published.map((message) => message.attributes.deduplicationId!.value).sort();
  }

  async waiting(): Promise<number> {
    return (await this.tables.alerts()).filter((item) => String(item.pk).startsWith("waiting#")).length;
  }
}
