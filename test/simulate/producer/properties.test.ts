import fc from "fast-check";
import { expect, test } from "vitest";
import { Acknowledged } from "../../../src/simulate/producer/acknowledged.ts";
import { type Pending, ProducerBuffer, type Request } from "../../../src/simulate/producer/buffer.ts";

const pending = (turbine: number, n: number): Pending => {
  const reading = { turbineId: `t${turbine}`, location: "here", speed: n, timestamp: "2026-01-01T00:00:00.000Z" };
  return { reading, data: Buffer.from(JSON.stringify(reading)) };
};

/** At most so many, one of a turbine: as the plain shipping fills its requests. */
function request(most: number): Request {
  const turbines = new Set<string>();
  return {
    get full() {
      return turbines.size >= most;
    },
    add: ({ reading }) => turbines.size < most && !turbines.has(reading.turbineId) && !!turbines.add(reading.turbineId),
  };
}

test("requests: never two readings of a turbine, none left out, a turbine's in order, whatever is refused", () => {
  const turbines = fc.array(fc.nat({ max: 5 }), { maxLength: 60 });
  const rounds = fc.array(
    fc.record({ most: fc.integer({ min: 1, max: 8 }), refused: fc.nat(), held: fc.nat({ max: 7 }) }),
  );
  fc.assert(
    fc.property(turbines, rounds, (sequence, script) => {
      const buffer = new ProducerBuffer();
      const all = sequence.map((turbine, n) => pending(turbine, n));
      for (const one of all) buffer.add(one);
      const acknowledged: Pending[] = [];
      // After the script nothing is refused or held back any more: all of it has to go.
      const calm = all.map(() => ({ most: 500, refused: 0, held: 9 }));
      for (const { most, refused, held } of [...script, ...calm]) {
        const batch = buffer.take(request(most), (turbineId) => turbineId === `t${held}`);
        expect(batch.length).toBeLessThanOrEqual(most);
        expect(new Set(batch.map(({ reading }) => reading.turbineId)).size).toBe(batch.length);
        const failed = batch.filter((_, i) => (refused >> i) & 1);
        acknowledged.push(...batch.filter((one) => !failed.includes(one)));
        buffer.putBack(failed);
      }
      expect(buffer.size).toBe(0);
      expect(acknowledged).toHaveLength(all.length);
      for (const turbine of new Set(sequence)) {
        const mine = acknowledged.filter(({ reading }) => reading.turbineId === `t${turbine}`);
        expect(mine.map(({ reading }) => reading.speed)).toEqual(
          mine.map(({ reading }) => reading.speed).toSorted((a, b) => a - b),
        );
      }
    }),
  );
});

test("a resumed run begins at the first item that isn't acknowledged", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 50 })), fc.nat({ max: 10 }), (indices, from) => {
      const acknowledged = new Acknowledged(from);
      const seen = new Set(indices.filter((index) => index >= from));
      for (const index of seen) acknowledged.add(index);
      let first = from;
      while (seen.has(first)) first++;
      expect(acknowledged.done).toBe(first);
    }),
  );
});
