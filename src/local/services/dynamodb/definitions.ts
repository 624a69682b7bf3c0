type Callback = (error: unknown, table?: any) => void;

/**
 * dynalite's store for the actions on items: the same, but a table's definition is read from LevelDB once and not at every call. Changes of
 * tables go through the store's `tableDb`; while one is under way, and where a table isn't active, LevelDB is asked.
 */
export function knowingTables(store: any): any {
  const known = new Map<string, object>();
  let changing = 0;
  let changes = 0;
  for (const change of ["put", "del"]) {
    const original = store.tableDb[change];
    store.tableDb[change] = (name: string, ...rest: unknown[]) => {
      const done = rest.pop() as Callback;
      known.delete(name);
      changing++;
      changes++;
      original(name, ...rest, (error: unknown) => {
        changing--;
        done(error);
      });
    };
  }
  const getTable = (name: string, done: Callback): void => {
    const table = known.get(name);
    // Not within the call, as an answer from the disk would not be.
    if (table) {
      queueMicrotask(() => done(null, table));
      return;
    }
    const seen = changes;
    store.getTable(name, (error: unknown, found: any) => {
      if (!error && found.TableStatus === "ACTIVE" && changing === 0 && seen === changes)
        known.set(name, frozen(found));
      done(error, found);
    });
  };
  return Object.assign(Object.create(store), { getTable });
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}
