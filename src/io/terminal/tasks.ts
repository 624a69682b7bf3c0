import type { Writable } from "node:stream";
import type { Ora } from "ora";
import type { Styles, Task } from "./io.ts";

/**
 * Tasks that may run side by side: on a terminal one spinner names those that are running and a line is left for
 * each that ended; elsewhere a plain line at the end of each.
 */
export class TaskList {
  readonly #running = new Map<object, { title: string; detail: string }>();
  readonly #stderr: Writable;
  readonly #live: boolean;
  readonly #style: Styles;
  #spinner: Ora | undefined;
  #loading: Promise<void> | undefined;

  constructor(stderr: Writable, live: boolean, style: Styles) {
    this.#stderr = stderr;
    this.#live = live;
    this.#style = style;
  }

  start(title: string): Task {
    const key = {};
    const entry = { title, detail: "" };
    this.#running.set(key, entry);
    this.#draw();
    const end = (mark: string, detail = "") => {
      if (!this.#running.delete(key)) return;
      this.above(() => this.#stderr.write(`${mark} ${title}${detail ? this.#style.dim(`  ${detail}`) : ""}\n`));
    };
    return {
      title,
      update: (detail) => {
        entry.detail = detail;
        this.#draw();
      },
      done: (detail) => end(this.#style.green("✔"), detail),
      skip: (detail) => end(this.#style.dim("–"), detail),
      fail: (detail) => end(this.#style.red("✖"), detail),
    };
  }

  /** Runs `write` with the spinner out of the way. */
  above(write: () => void): void {
    this.#spinner?.stop();
    write();
    this.#draw();
  }

  #draw(): void {
    if (!this.#live) return;
    if (this.#running.size === 0) {
      this.#spinner?.stop();
      return;
    }
    if (!this.#spinner) {
      this.#loading ??= this.#load();
      return;
    }
    this.#spinner.text = [...this.#running.values()]
      .map((t) => (t.detail ? `${t.title} (${t.detail})` : t.title))
      .join(" · ");
    if (!this.#spinner.isSpinning) this.#spinner.start();
  }

  async #load(): Promise<void> {
    const { default: ora } = await import("ora");
    this.#spinner = ora({ stream: this.#stderr as NodeJS.WriteStream, discardStdin: false, hideCursor: false });
    this.#draw();
  }
}
