import { expect, it } from "vitest";
import { Detector } from "../../../src/detect/detector.ts";
import { Farm } from "../../../src/ui/server/farm.ts";
import { Simulator } from "../../../src/ui/server/simulator.ts";

/**
 * The tutorial's story from the simulator to the detector on a clock that stands still between readings: ordinary wind, and after so many
 * readings the anomalies. Returns the turbines that alarmed, an entry for each anomaly.
 */
async function alarms(start: number, ordinary: number, pauseMs = 0): Promise<string[]> {
  let clock = start;
  let readings = 0;
  const detectors = new Map<string, Detector>();
  const farm = new Farm({ minScore: 2, quietMs: 900_000, now: () => clock });
  const score = (json: string) => {
    const reading = JSON.parse(json);
    const detector = detectors.get(reading.turbineId) ?? new Detector();
    detectors.set(reading.turbineId, detector);
    const { score } = detector.next({ timestampMs: Date.parse(reading.timestamp), speed: reading.speed });
    farm.add({ ...reading, score });
    readings++;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const simulator = new Simulator({
    stream: "WindDataStream",
    signal: new AbortController().signal,
    wallClock: () => clock,
    edge: {
      now: () => clock,
      random: () => 0.5,
      sleep: async (ms) => {
        clock += ms;
        await turn();
      },
    },
    kinesis: async () => ({
      send: async ({ input }: any) => {
        for (const { Data } of input.Records) score(new TextDecoder().decode(Data));
        return { FailedRecordCount: 0, Records: input.Records.map(() => ({ ShardId: "shardId-000000000000" })) };
      },
    }),
  });
  const until = async (reached: () => boolean) => {
    while (!reached()) await turn();
  };
  simulator.start("wind", "WindDataStream");
  await until(() => readings >= ordinary);
  if (pauseMs > 0) {
    simulator.stop("wind");
    await until(() => !simulator.state().running.wind);
    await simulator.close();
    clock += pauseMs;
  }
  simulator.start("anomalies", "WindDataStream");
  await until(() => !simulator.state().running.anomalies);
  const end = readings + 300;
  await until(() => readings >= end);
  await simulator.close();
  expect(simulator.state().acknowledged).toBe(readings);
  return farm.all().flatMap(({ id }) => farm.history(id)!.anomalies.map(() => id));
}

it.each([
  ["at once", 0, 3, 0],
  ["after minutes of it", 3000, 16, 0],
  ["after a pause of hours", 600, 12, 3 * 3_600_000],
])("three anomalies are three alarms, on a turbine each: %s", async (_, ordinary, hour, pauseMs) => {
  const found = await alarms(Date.UTC(2026, 10, 25, hour, 17), ordinary, pauseMs);
  expect(found).toHaveLength(3);
  expect(new Set(found).size).toBe(3);
});
