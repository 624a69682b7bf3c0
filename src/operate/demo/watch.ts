import { paginateScan, QueryCommand } from "../../aws/dynamodb.ts";
import type { Edge } from "../../io/clock.ts";
import { alertTable } from "../../pipeline/settings/functions.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import type { InjectedAnomaly } from "../../simulate/simulation.ts";
import { type Mail, readInbox } from "../inbox.ts";
import { findAnomalies } from "../scan/scan.ts";

/** What became of an injected anomaly. Times are milliseconds from the acknowledgement of the reading that raised it. */
export interface Alert extends InjectedAnomaly {
  /** Score and speed (m/s) of the first stored reading that raised it; 0 where none did. */
  score: number;
  speed: number;
  rowMs?: number;
  mailMs?: number;
}

export interface Watched {
  alerts: Alert[];
  /** Notifications that no injected anomaly stands for. */
  unexpected: Mail[];
  rows: number;
}

/** Readings just after an anomaly may still look odd: they are part of it as long as the quiet time hasn't passed. */
export const AFTERMATH_MS = 5 * 60_000;

/** Follows injected anomalies to row and e-mail. */
export class DemoWatch {
  readonly #session: Session;
  readonly #edge: Edge;
  /** Milliseconds since 1970: the stack's process has the same clock. */
  readonly #wallClock: () => number;
  readonly #acknowledged = new Map<string, number>();
  readonly #found = new Map<number, { score: number; speed: number; row?: number; mail?: number; from?: number }>();
  #mails: Mail[] = [];

  constructor(session: Session, edge: Edge, wallClock: () => number) {
    this.#session = session;
    this.#edge = edge;
    this.#wallClock = wallClock;
  }

  /** Notes when the stream took a reading. */
  acknowledged(reading: { turbineId: string; timestamp: string }): void {
    this.#acknowledged.set(`${reading.turbineId}@${reading.timestamp}`, this.#wallClock());
  }

  /** Looks once; `tell` gets each anomaly when its e-mail is there. */
  async look(anomalies: InjectedAnomaly[], tell: (alert: Alert) => void): Promise<void> {
    const { clients, names, settings, target } = this.#session;
    const mails = await readInbox(target.endpoint!, this.#mails.at(-1)?.id);
    this.#mails.push(...mails);
    const { rows } = await findAnomalies({
      ...this.#edge,
      dynamodb: await clients.dynamodb(),
      table: names.table,
      minScore: settings.minScore,
      signal: AbortSignal.timeout(10_000),
    });
    for (const anomaly of anomalies) {
      const mine = rows.filter((row) => belongs(anomaly, row.turbineId, row.timestamp));
      const found = this.#found.get(anomaly.id) ?? { score: 0, speed: 0 };
      this.#found.set(anomaly.id, found);
      const first = mine.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1))[0];
      if (first) {
        found.score = first.score;
        found.speed = first.speed;
        found.from ??= this.#acknowledged.get(`${first.turbineId}@${first.timestamp}`);
        found.row ??= this.#wallClock();
      }
      const mail = this.#mails.find((m) => isFor(anomaly, m));
      if (mail && first && found.mail === undefined) {
        found.mail = Date.parse(mail.sent);
        // The row came first, even if it wasn't seen before.
        found.row = Math.min(found.row!, found.mail);
        tell(this.#alert(anomaly));
      }
    }
  }

  /** Waits until every one of `readings` is stored and nothing waits to be told; says false when `deadline` passes before. */
  async settled(readings: number, deadline: number): Promise<boolean> {
    const { clients, names } = this.#session;
    const dynamodb = await clients.dynamodb();
    for (;;) {
      const rows = await countRows(dynamodb, names.table);
      if (rows >= readings && (await waiting(dynamodb, alertTable(names))) === 0) return true;
      if (this.#edge.now() > deadline) return false;
      await this.#edge.sleep(100);
    }
  }

  async result(anomalies: InjectedAnomaly[]): Promise<Watched> {
    const told = this.#mails.filter(({ kind }) => kind === "notification");
    const { clients, names } = this.#session;
    return {
      alerts: anomalies.map((anomaly) => this.#alert(anomaly)),
      // The second mail for one anomaly is as unexpected as one for none.
      unexpected: told.filter((mail, i) => {
        const anomaly = anomalies.find((a) => isFor(a, mail));
        return !anomaly || told.findIndex((m) => isFor(anomaly, m)) !== i;
      }),
      rows: await countRows(await clients.dynamodb(), names.table),
    };
  }

  #alert(anomaly: InjectedAnomaly): Alert {
    const { score, speed, row, mail, from } = this.#found.get(anomaly.id) ?? { score: 0, speed: 0 };
    return {
      ...anomaly,
      score,
      speed,
      ...(row !== undefined && from !== undefined && { rowMs: Math.max(0, row - from) }),
      ...(mail !== undefined && from !== undefined && { mailMs: Math.max(0, mail - from) }),
    };
  }
}

function belongs(anomaly: InjectedAnomaly, turbineId: string, timestamp: string): boolean {
  const until = new Date(Date.parse(anomaly.end) + AFTERMATH_MS).toISOString();
  return turbineId === anomaly.turbineId && timestamp >= anomaly.start && timestamp <= until;
}

function isFor(anomaly: InjectedAnomaly, { kind, attributes }: Mail): boolean {
  const [turbineId, timestamp] = (attributes?.deduplicationId ?? "").split("@");
  return kind === "notification" && timestamp !== undefined && belongs(anomaly, turbineId!, timestamp);
}

type DynamoDB = Awaited<ReturnType<Session["clients"]["dynamodb"]>>;

async function countRows(dynamodb: DynamoDB, TableName: string): Promise<number> {
  let count = 0;
  for await (const { Count = 0 } of paginateScan({ client: dynamodb }, { TableName, Select: "COUNT" })) count += Count;
  return count;
}

async function waiting(dynamodb: DynamoDB, TableName: string): Promise<number> {
  const { partitions } = await import("../../contract/partition.ts");
  const counts = await Promise.all(
    partitions().map((partition) =>
      dynamodb.send(
        new QueryCommand({
          TableName,
          Select: "COUNT",
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: `waiting#${partition}` } },
        }),
      ),
    ),
  );
  return counts.reduce((sum, { Count = 0 }) => sum + Count, 0);
}
