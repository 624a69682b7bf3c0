import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";

export interface Vertex {
  id: string;
  name: string;
  parallelism: number;
  status: string;
  metrics: { "read-records": number; "write-records": number };
}

export interface Job {
  state: string;
  vertices: Vertex[];
}

export interface CompletedCheckpoint {
  id: number;
  trigger_timestamp: number;
  end_to_end_duration: number;
  state_size: number;
  checkpointed_size: number;
}

interface Operation {
  status: { id: "IN_PROGRESS" | "COMPLETED" };
  operation?: { location?: string; "failure-cause"?: { class: string; "stack-trace"?: string } };
}

const POLL_MS = 100;

/** Flink's REST interface, as far as the engine needs it. */
export class FlinkRest {
  readonly #base: string;

  constructor(rest: string, jobId: string) {
    this.#base = `${rest}/jobs/${jobId}`;
  }

  job(): Promise<Job> {
    return this.#call("");
  }

  /** The newest complete checkpoint, undefined before the first. */
  async lastCheckpoint(): Promise<CompletedCheckpoint | undefined> {
    const { latest } = await this.#call<{ latest: { completed: CompletedCheckpoint | null } }>("/checkpoints");
    return latest.completed ?? undefined;
  }

  /** The root cause that Flink last restarted for. */
  async lastException(): Promise<string | undefined> {
    const { exceptionHistory } = await this.#call<{
      exceptionHistory?: { entries: { stacktrace: string }[] };
    }>("/exceptions");
    const trace = exceptionHistory?.entries[0]?.stacktrace;
    const causes = trace?.split("\n").filter((line) => line.startsWith("Caused by: "));
    return causes?.at(-1)?.slice("Caused by: ".length) ?? trace?.split("\n")[0];
  }

  async restarts(): Promise<number> {
    const [metric] = await this.#call<{ value: string }[]>("/metrics?get=numRestarts");
    return Number(metric?.value ?? 0);
  }

  /** Names of a vertex's metrics, `<subtask>.<operator>.<metric>`. */
  async metricNames(vertex: string): Promise<string[]> {
    return (await this.#call<{ id: string }[]>(`/vertices/${vertex}/metrics`)).map(({ id }) => id);
  }

  async metrics(vertex: string, names: string[]): Promise<{ id: string; value: string }[]> {
    return names.length === 0
      ? []
      : this.#call(`/vertices/${vertex}/metrics?get=${names.map(encodeURIComponent).join(",")}`);
  }

  /** Takes a savepoint under `folder`, and ends the job if told; answers with the savepoint's own folder. */
  async savepoint(folder: string, options: { stop: boolean }): Promise<string> {
    const target = pathToFileURL(folder).href;
    const { "request-id": request } = options.stop
      ? await this.#post<{ "request-id": string }>("/stop", { targetDirectory: target, drain: false })
      : await this.#post<{ "request-id": string }>("/savepoints", { "target-directory": target, "cancel-job": false });
    for (;;) {
      const { status, operation } = await this.#call<Operation>(`/savepoints/${request}`);
      if (status.id === "COMPLETED") {
        if (operation?.location) return new URL(operation.location).pathname;
        throw new Error(operation?.["failure-cause"]?.["stack-trace"]?.split("\n")[0] ?? "Flink took no savepoint");
      }
      await delay(POLL_MS);
    }
  }

  #post<T>(path: string, body: object): Promise<T> {
    return this.#call(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async #call<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(this.#base + path, { ...init, signal: AbortSignal.timeout(30_000) });
    const body = (await response.json()) as T & { errors?: string[] };
    if (!response.ok) throw new Error(body.errors?.[0] ?? `Flink's REST interface answered ${response.status}`);
    return body;
  }
}
