// The producer's memory over many readings: of its own process, what is live after a collection, beside the resident memory.
// The stream's answers are made in the process, so that ten million take minutes. `node scripts/ts.mjs bench/producer-memory.ts [READINGS]`
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { KinesisClient, PutRecordsCommandInput } from "@aws-sdk/client-kinesis";
import { edge } from "../src/io/clock.ts";
import { runSimulation } from "../src/simulate/run-simulation.ts";
import { simulationOf } from "../src/simulate/simulation.ts";
import { figure, median } from "./report.ts";

const readings = Number(process.argv[2] ?? 10_000_000);
const TURBINES = 40;
const part = "producing";
setFlagsFromString("--expose-gc");
const gc: () => void = runInNewContext("gc");

const answered = {
  ShardId: "shardId-000000000000",
  SequenceNumber: "49590338271490256608559692538361571095921575989136588898",
};
const kinesis = {
  send: async ({ input }: { input: PutRecordsCommandInput }) => ({
    FailedRecordCount: 0,
    Records: input.Records!.map(() => ({ ...answered })),
  }),
} as unknown as Pick<KinesisClient, "send">;

const MARKS = 10;
const live: number[] = [];
const resident: number[] = [];
let next = readings / MARKS;
const { signal } = new AbortController();
const began = performance.now();
const outcome = await runSimulation(
  simulationOf({ turbines: TURBINES, seed: 1, rate: Infinity, duration: (readings / TURBINES) * 1000 }, new Date()),
  {
    ...edge(signal),
    kinesis,
    stream: "bench",
    onProgress: (done) => {
      if (done < next) return;
      next += readings / MARKS;
      resident.push(process.memoryUsage().rss);
      gc();
      live.push(process.memoryUsage().heapUsed);
    },
  },
);
const seconds = (performance.now() - began) / 1000;
if (outcome.acknowledged !== readings) throw new Error(`${outcome.acknowledged} of ${readings} were acknowledged`);
const mib = (bytes: number) => bytes / 2 ** 20;
const name = `memory over ${(readings / 1e6).toLocaleString("en-US")} million readings`;
figure({ part, metric: `${name}, rate`, value: readings / seconds, unit: "readings/s" });
figure({ part, metric: `${name}, live after the first tenth`, value: mib(live[0]!), unit: "MiB" });
figure({
  part,
  metric: `${name}, live at the end against after the first tenth`,
  value: live.at(-1)! / live[0]!,
  unit: "×",
  target: { atMost: 1.1 },
});
figure({
  part,
  metric: `${name}, resident, second half against first (medians)`,
  value: median(resident.slice(MARKS / 2)) / median(resident.slice(0, MARKS / 2)),
  unit: "×",
  target: { atMost: 1.1 },
  limit: "the collector lets the heap grow before it collects",
});
