import { randomUUID } from "node:crypto";
import type { Stack } from "../../service.ts";

interface LogEvent {
  timestamp: number;
  message: string;
}

/** One log stream in CloudWatch Logs: lines are sent in order, many at once when they come fast. */
export class LogStream {
  readonly name: string;
  #stack: Stack;
  #region: string;
  #group: string;
  #queue: LogEvent[] = [];
  #sending: Promise<void> | undefined;
  #created = false;

  constructor(stack: Stack, region: string, group: string, name?: string) {
    this.#stack = stack;
    this.#region = region;
    this.#group = group;
    const day = new Date(stack.now()).toISOString().slice(0, 10).replaceAll("-", "/");
    this.name = name ?? `${day}/[$LATEST]${randomUUID().replaceAll("-", "")}`;
  }

  write(message: string): void {
    this.#queue.push({ timestamp: this.#stack.now(), message });
    this.#sending ??= this.#send();
  }

  /** Resolves when what was written so far has been sent. */
  async flush(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  async #send(): Promise<void> {
    // The next turn: what an invocation writes together goes out together.
    await new Promise(setImmediate);
    try {
      while (this.#queue.length > 0) await this.#put(this.#queue.splice(0, 1000));
    } catch (error) {
      this.#stack.log(`log group ${this.#group}: ${(error as Error).message}`);
    } finally {
      this.#sending = undefined;
    }
  }

  async #put(logEvents: LogEvent[]): Promise<void> {
    const at = { logGroupName: this.#group, logStreamName: this.name };
    const put = () => this.#stack.call("logs", "PutLogEvents", { ...at, logEvents }, this.#region);
    if (!this.#created) await this.#create();
    this.#created = true;
    try {
      await put();
    } catch (error) {
      // Deleted meanwhile: Lambda makes its group again, without a retention.
      if ((error as { code?: string }).code !== "ResourceNotFoundException") throw error;
      await this.#create();
      await put();
    }
  }

  async #create(): Promise<void> {
    const calls: [string, object][] = [
      ["CreateLogGroup", { logGroupName: this.#group }],
      ["CreateLogStream", { logGroupName: this.#group, logStreamName: this.name }],
    ];
    for (const [operation, input] of calls) {
      try {
        await this.#stack.call("logs", operation, input, this.#region);
      } catch (error) {
        if ((error as { code?: string }).code !== "ResourceAlreadyExistsException") throw error;
      }
    }
  }
}
