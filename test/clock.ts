/** A clock that stands still while anything runs and jumps to the next one that sleeps when nothing does. */
export class TestClock {
  time = 0;
  readonly #sleepers: { at: number; wake: () => void }[] = [];
  #waiting = false;

  readonly now = (): number => this.time;

  readonly sleep = (milliseconds: number): Promise<void> =>
    new Promise((wake) => {
      this.#sleepers.push({ at: this.time + milliseconds, wake });
      this.#wait();
    });

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    // Files answer through the event loop: let them before time goes on.
    setTimeout(() => {
      this.#waiting = false;
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (!next) return;
      this.time = Math.max(this.time, next.at);
      next.wake();
      if (this.#sleepers.length > 0) this.#wait();
    });
  }
}
