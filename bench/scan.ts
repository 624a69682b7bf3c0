// scan by the index against the whole table: read units and time. `node scripts/ts.mjs bench/scan.ts [ROWS]`

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { edge } from "../src/io/clock.ts";
import { findAnomalies } from "../src/operate/scan/scan.ts";
import { credentials } from "./client.ts";
import { figure } from "./report.ts";
import { fillTable } from "./scan-rows.ts";
import { windops } from "./servers.ts";

const rows = Number(process.argv[2] ?? 1_000_000);
const ANOMALIES = 100;
const part = "scan";
const folder = mkdtempSync(join(tmpdir(), "bench-"));

const filled = performance.now();
await fillTable(folder, "rows", rows, ANOMALIES);
figure({
  part,
  metric: "rows in the table",
  value: rows,
  unit: `in ${((performance.now() - filled) / 1000).toFixed(0)} s`,
});
const server = await windops(folder);
const client = new DynamoDBClient({ endpoint: server.endpoint, region: "us-east-1", credentials });

async function measured(full: boolean) {
  const began = performance.now();
  const { signal } = new AbortController();
  const query = { ...edge(signal), dynamodb: client, table: "rows", minScore: 2, full, signal, readUnits: Infinity };
  let highest = 0;
  const onProgress = () => {
    highest = Math.max(highest, process.memoryUsage().rss);
  };
  const found = await findAnomalies({ ...query, onProgress });
  if (found.rows.length !== ANOMALIES || found.indexed === full) throw new Error(`${found.rows.length} rows found`);
  return { ms: performance.now() - began, units: found.units, rss: highest };
}

const index = await measured(false);
const table = await measured(true);
figure({ part, metric: "by the index", value: index.ms, unit: "ms" });
figure({ part, metric: "by the index, read units", value: index.units, unit: "" });
figure({ part, metric: "the whole table", value: table.ms, unit: "ms" });
figure({ part, metric: "the whole table, read units", value: table.units, unit: "" });
figure({
  part,
  metric: "read units, table against index",
  value: table.units / index.units,
  unit: "×",
  target: { atLeast: 100 },
});
figure({
  part,
  metric: "memory of the whole scan, highest against the index's",
  value: table.rss / index.rss,
  unit: "×",
});
figure({ part, metric: "the stack's memory after it", value: server.rss(), unit: "MiB" });
client.destroy();
await server.stop();
rmSync(folder, { recursive: true, force: true });
