import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { WindopsError } from "../../io/errors/errors.ts";
import { makeFolder } from "../../io/folder.ts";

/** Written so often at most: a crash makes a resumed run send so much again. */
const EVERY_MS = 500;

/** Where a run is, on disk, so that `--resume` can go on after Ctrl-C or a crash. */
export class ResumePoint<State extends object> {
  readonly #file: string;
  readonly #now: () => number;
  #written = -Infinity;

  /** `now`: monotonic milliseconds. */
  constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /** Throws `WindopsError` where no run was left unfinished. */
  read(command: string): State {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8")) as State;
    } catch (cause) {
      throw new WindopsError("E_NO_RESUME", `There is no unfinished ${command} to resume.`, {
        hint: `Leave --resume out to begin anew. (Looked for ${this.#file}.)`,
        cause,
      });
    }
  }

  save(state: State, options: { force?: boolean } = {}): void {
    const now = this.#now();
    if (!options.force && now - this.#written < EVERY_MS) return;
    this.#written = now;
    makeFolder(dirname(this.#file));
    const next = `${this.#file}.new`;
    writeFileSync(next, JSON.stringify(state));
    renameSync(next, this.#file);
  }

  clear(): void {
    rmSync(this.#file, { force: true });
  }
}
