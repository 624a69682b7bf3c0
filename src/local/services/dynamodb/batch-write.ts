import { createRequire } from "node:module";

type Item = Record<string, Record<string, unknown>>;

interface WriteRequest {
  PutRequest?: { Item: Item };
  DeleteRequest?: { Key: Item };
}

export interface Written {
  /** The key within the table. */
  key: string;
  /** None: it's deleted. */
  item: Item | undefined;
}

/** A change of LevelDB. */
export type Change = { type: "put"; key: string; value: Item } | { type: "del"; key: string };

/**
 * BatchWriteItem with one read and one write of LevelDB for all of a table's items, where dynalite makes three for each: the functions store
 * every reading this way. Answers as dynalite does; undefined where it is asked for what only dynalite counts. Throws dynalite's errors.
 */
export async function batchWrite(store: any, data: any): Promise<object | undefined> {
  const nothing = (name: unknown) => name === undefined || name === "NONE";
  if (!nothing(data.ReturnConsumedCapacity) || !nothing(data.ReturnItemCollectionMetrics)) return undefined;
  const db = createRequire(import.meta.url)("dynalite/db");
  const tables: { name: string; table: any; writes: Written[] }[] = [];
  for (const [name, requests] of Object.entries<WriteRequest[]>(data.RequestItems)) {
    const table = await new Promise<any>((resolve, reject) => {
      store.getTable(name, (error: unknown, found: unknown) => (error ? reject(error) : resolve(found)));
    });
    tables.push({ name, table, writes: requests.map((request) => written(db, table, request)) });
  }
  for (const { writes } of tables) {
    if (new Set(writes.map(({ key }) => key)).size < writes.length) {
      throw db.validationError("Provided list of item keys contains duplicates");
    }
  }
  await Promise.all(tables.map(({ name, table, writes }) => write(store, db, name, table, writes)));
  return { UnprocessedItems: {} };
}

function written(db: any, table: any, { PutRequest, DeleteRequest }: WriteRequest): Written {
  const item = PutRequest?.Item;
  const invalid = item ? db.validateItem(item, table) : db.validateKey(DeleteRequest!.Key, table);
  if (invalid == null) return { key: db.createKey(item ?? DeleteRequest!.Key, table), item };
  if (/Missing the key|Type mismatch for key/.test(invalid.body?.message)) {
    invalid.body.message = "The provided key element does not match the schema";
  }
  throw invalid;
}

async function write(store: any, db: any, name: string, table: any, writes: Written[]): Promise<void> {
  const items = store.getItemDb(name);
  const keys = writes.map(({ key }) => key);
  // With the locks that dynalite's other writes of an item take.
  const release = await new Promise<(done: () => void) => () => void>((resolve) => items.lock(keys, resolve));
  try {
    const stored: (Item | undefined)[] = await store.db.getMany(keys.map((key) => `item-${name}~${key}`));
    await store.db.batch(writes.flatMap((one, i) => changesOf(db, name, table, one, stored[i])));
  } finally {
    release(() => {})();
  }
}

/** What a written item changes: itself, and its entries in the table's indexes. `stored` is what was there before. */
export function changesOf(
  db: any,
  name: string,
  table: any,
  { key, item }: Written,
  stored: Item | undefined,
): Change[] {
  const there = `item-${name}~${key}`;
  return [
    item ? { type: "put", key: there, value: item } : { type: "del", key: there },
    ...indexChanges(db, name, table, stored, item),
  ];
}

function indexChanges(db: any, name: string, table: any, before: Item | undefined, after: Item | undefined): Change[] {
  if (!before && !after) return [];
  return ["Local", "Global"].flatMap((kind) => {
    const { puts, deletes } = db.getIndexActions(table[`${kind}SecondaryIndexes`] ?? [], before, after, table);
    const at = ({ index, key }: { index: string; key: string }) =>
      `index-${kind.toLowerCase()}~${name}~${index}~${key}`;
    return [
      ...deletes.map((one: any): Change => ({ type: "del", key: at(one) })),
      ...puts.map((one: any): Change => ({ type: "put", key: at(one), value: one.item })),
    ];
  });
}
