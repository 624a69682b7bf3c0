import type { ApplicationStatus, WarmUp } from "../engine.ts";
import type { FlinkRest, Vertex } from "./rest.ts";

/** Metrics of the job, by the last part of their names. */
const WANTED = /\.(warmUp|expiredTurbines|rejected|millisBehindLatest)$/;

/** The figures of a running job. Those of a job that doesn't count them are left out. */
export async function flinkStatus(rest: FlinkRest): Promise<ApplicationStatus> {
  const [job, checkpoint, restarts] = await Promise.all([rest.job(), rest.lastCheckpoint(), rest.restarts()]);
  const lastError = restarts > 0 ? await rest.lastException() : undefined;
  const metrics = (await Promise.all(job.vertices.map((vertex) => vertexMetrics(rest, vertex)))).flat();
  const numbers = (name: string) => metrics.filter((m) => m.name === name).map((m) => Number(m.value));
  const sum = (values: number[]) => (values.length > 0 ? values.reduce((a, b) => a + b, 0) : undefined);
  const lags = numbers("millisBehindLatest").filter((lag) => lag >= 0);
  const warmUps = metrics.filter((m) => m.name === "warmUp").map((m) => JSON.parse(m.value) as WarmUp);
  return {
    recordsIn: job.vertices[0]?.metrics["write-records"] ?? 0,
    recordsOut: job.vertices.at(-1)?.metrics["read-records"] ?? 0,
    restarts,
    ...(lastError !== undefined && { lastError }),
    rejected: sum(numbers("rejected")),
    expiredTurbines: sum(numbers("expiredTurbines")),
    ...(lags.length > 0 && { millisBehindLatest: Math.max(...lags) }),
    ...(warmUps.length > 0 && { warmUp: Object.assign({}, ...warmUps) }),
    ...(checkpoint && {
      lastCheckpoint: {
        id: checkpoint.id,
        at: checkpoint.trigger_timestamp,
        durationMs: checkpoint.end_to_end_duration,
        bytes: checkpoint.state_size,
      },
    }),
  };
}

async function vertexMetrics(rest: FlinkRest, vertex: Vertex): Promise<{ name: string; value: string }[]> {
  const names = (await rest.metricNames(vertex.id)).filter((name) => WANTED.test(name));
  const found = await rest.metrics(vertex.id, names);
  return found.map(({ id, value }) => ({ name: id.slice(id.lastIndexOf(".") + 1), value }));
}
