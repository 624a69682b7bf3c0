import { setImmediate as nextTurn } from "node:timers/promises";
import { writeRefused } from "../../storage/store-file.ts";
import { openTables, type TableOperation, type Tables } from "./tables.ts";

/**
 * One region's tables, opened at the first call. A write that the disk refuses may leave half a record in LevelDB's log, and
 * what is written behind that can't be read again after a crash (LevelDB goes on all the same). So from the first refusal on
 * nothing more is acknowledged until the tables have been closed and opened anew, which cuts the log off before the tear.
 */
export class Region {
  readonly #folder: string;
  readonly #name: string;
  readonly #log: (line: string) => void;
  #tables: Promise<Tables> | undefined;
  #refused: Error | undefined;
  #running = 0;
  #idle = () => {};
  #closing: Promise<void> | undefined;

  constructor(folder: string, name: string, log: (line: string) => void) {
    this.#folder = folder;
    this.#name = name;
    this.#log = log;
  }

  async run(operation: TableOperation, input: unknown): Promise<any> {
    await this.#closing;
    const tables = await this.#open();
    // Another call's write was refused meanwhile.
    if (this.#closing) return this.run(operation, input);
    this.#running++;
    try {
      const output = await tables.run(operation, input);
      // A write from behind the tear may be answered in the same turn as the one that tore.
      await nextTurn();
      if (this.#refused) throw this.#refused;
      return output;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refused ??= error as Error;
      this.#closing ??= this.#closeAnew();
      throw writeRefused(error);
    } finally {
      this.#running--;
      if (this.#running === 0) this.#idle();
    }
  }

  async close(): Promise<void> {
    await this.#closing;
    await (await this.#tables)?.close();
  }

  #open(): Promise<Tables> {
    if (!this.#tables) {
      const open = openTables(this.#folder, this.#name);
      this.#tables = open;
      // A folder that couldn't be opened is tried again by the next call.
      open.catch(() => {
        this.#tables = undefined;
      });
    }
    return this.#tables;
  }

  /** Once all that is under way has ended; the next call opens. */
  async #closeAnew(): Promise<void> {
    this.#log(`dynamodb ${this.#name}: a write was refused (${this.#refused?.message}): opened anew`);
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const tables = await this.#tables;
    this.#tables = undefined;
    await tables?.close().catch((error) => this.#log(`dynamodb ${this.#name}: closing: ${error}`));
    this.#refused = undefined;
    this.#closing = undefined;
  }
}

/** LevelDB's own word for a write that the operating system refused. */
const isRefusal = (error: unknown): boolean => /IO error/.test((error as Error)?.message ?? "");
