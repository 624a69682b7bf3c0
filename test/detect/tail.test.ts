import { describe, expect, it } from "vitest";
import { Quarantine } from "../../src/detect/quarantine.ts";
import { Tail } from "../../src/detect/tail.ts";

/** Exponential numbers of mean 1, the same on any machine. */
function exponential(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return -Math.log(state / 2_147_483_647);
  };
}

const options = { share: 0.02, quantile: 2, excess: [1.1, 2.2], guess: [600, 200], shape: 0, ratio: 2.6 } as const;

describe("Tail", () => {
  it.each([1, 1000])("tells how improbable a value is, from any first guess (unit %d)", (unit) => {
    const next = exponential(1);
    const tail = new Tail(options);
    for (let i = 0; i < 60_000; i++) tail.learn(unit * next());
    // e^-x exceed x.
    expect(tail.quantile / unit).toBeGreaterThan(0.95 * Math.log(50));
    expect(tail.quantile / unit).toBeLessThan(1.05 * Math.log(50));
    expect(tail.beyond(unit * (Math.log(50) + 10))).toBeGreaterThan(8);
    expect(tail.beyond(unit * (Math.log(50) + 10))).toBeLessThan(11);
  });

  it("isn't widened by one huge value in 800 more than by one that just exceeds its marks", () => {
    const nats = (anomaly: number) => {
      const next = exponential(2);
      const tail = new Tail(options);
      for (let i = 0; i < 60_000; i++) tail.learn(i % 800 === 799 ? anomaly : next());
      return tail.beyond(20);
    };
    expect(nats(1e9)).toBeCloseTo(nats(30), 6);
    expect(nats(1e9)).toBeGreaterThan(9);
  });

  it("rises with the value, below the quantile too", () => {
    const tail = new Tail({ ...options, shape: 0.05 });
    const nats = [0, 1, 1.99, 2, 2.01, 3, 30, 1e6].map((value) => tail.beyond(value));
    expect(nats).toEqual(nats.toSorted((a, b) => a - b));
    expect(nats[3]).toBe(0);
  });

  it("goes on from saved state exactly", () => {
    const next = exponential(3);
    const [whole, parted] = [new Tail(options), new Tail(options)];
    for (let i = 0; i < 500; i++) whole.learn(next());
    parted.load(whole.save());
    for (let i = 0; i < 500; i++) {
      const value = next();
      whole.learn(value);
      parted.learn(value);
    }
    expect(parted.save()).toEqual(whole.save());
  });
});

describe("Quarantine", () => {
  it("keeps an anomaly and what follows it from being learnt", () => {
    const quarantine = new Quarantine(1000);
    const admitted = Array.from({ length: 40 }, (_, i) => quarantine.admits(i === 5));
    expect(admitted.indexOf(false)).toBe(5);
    expect(admitted.lastIndexOf(false)).toBe(20);
  });

  it("keeps an anomaly out for as long as it lasts, but not for ever", () => {
    const quarantine = new Quarantine(1000);
    const admitted = Array.from({ length: 400 }, (_, i) => quarantine.admits(i === 5, i >= 5));
    expect(admitted.slice(5, 250)).not.toContain(true);
    expect(admitted.slice(300)).not.toContain(false);
  });

  it("lets in what keeps coming back, and is patient again after a quiet time", () => {
    const quarantine = new Quarantine(1000);
    const often: boolean[] = [];
    for (let i = 0; i < 1000; i++) {
      const admitted = quarantine.admits(i % 50 === 0);
      if (i % 50 === 0) often.push(admitted);
    }
    expect(often.filter((admitted) => !admitted)).toHaveLength(4);
    expect(often).toHaveLength(20);
    for (let i = 0; i < 1000; i++) quarantine.admits(false);
    expect(quarantine.admits(true)).toBe(false);
  });
});
