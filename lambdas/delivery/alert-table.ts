import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { type Item, marshal, unmarshal } from "../../src/contract/item.ts";

export interface Key {
  pk: string;
  sk: string;
}

export interface Change {
  set?: Item;
  remove?: string[];
  /** DynamoDB condition; `:name` stands for `values.name`, `#name` for the attribute `name`. */
  condition: string;
  values?: Item;
}

/** The alerts' table: every read sees every write that was acknowledged before. */
export class AlertTable {
  readonly #client: DynamoDBClient;
  readonly #name: string;

  constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async get(key: Key): Promise<Item | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#name, Key: marshal({ ...key }), ConsistentRead: true }),
    );
    return Item && unmarshal(Item);
  }

  /** Items of a partition with `from` ≤ sort key ≤ `to`, all pages (or up to `limit`). */
  async query(
    pk: string,
    range: { from: string; to: string },
    options: { descending?: boolean; limit?: number } = {},
  ): Promise<Item[]> {
    const items: Item[] = [];
    let start: Record<string, any> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: this.#name,
          KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
          ExpressionAttributeValues: marshal({ ":pk": pk, ":from": range.from, ":to": range.to }),
          ConsistentRead: true,
          ScanIndexForward: !options.descending,
          ...(options.limit !== undefined && { Limit: options.limit }),
          ...(start && { ExclusiveStartKey: start }),
        }),
      );
      items.push(...(page.Items ?? []).map(unmarshal));
      start = page.LastEvaluatedKey;
    } while (start && !(options.limit !== undefined && items.length >= options.limit));
    return items;
  }

  /** Puts `item` unless one of its key is there; says whether it did. */
  async create(item: Key & Item): Promise<boolean> {
    return conditional(
      this.#client.send(
        new PutItemCommand({
          TableName: this.#name,
          Item: marshal(item),
          ConditionExpression: "attribute_not_exists(pk)",
        }),
      ),
    );
  }

  /** Changes attributes if the condition holds; says whether it did. */
  async change(key: Key, { set = {}, remove = [], condition, values = {} }: Change): Promise<boolean> {
    const used = condition.match(/#\w+/g) ?? [];
    const attributes = new Set([...Object.keys(set), ...remove, ...used.map((name) => name.slice(1))]);
    const sets = Object.keys(set).map((name) => `#${name} = :set_${name}`);
    const update = [
      ...(sets.length > 0 ? [`SET ${sets.join(", ")}`] : []),
      ...(remove.length > 0 ? [`REMOVE ${remove.map((name) => `#${name}`).join(", ")}`] : []),
    ].join(" ");
    const parameters = {
      ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:set_${name}`, value])),
      ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
    };
    return conditional(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#name,
          Key: marshal({ ...key }),
          UpdateExpression: update,
          ConditionExpression: condition,
          ExpressionAttributeNames: Object.fromEntries([...attributes].map((name) => [`#${name}`, name])),
          ...(Object.keys(parameters).length > 0 && { ExpressionAttributeValues: marshal(parameters) }),
        }),
      ),
    );
  }

  async delete({ pk, sk }: Key): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.#name, Key: marshal({ pk, sk }) }));
  }

  /** Removes items; what DynamoDB leaves unprocessed stays (the next run removes it). */
  async deleteAll(keys: Key[]): Promise<void> {
    for (let i = 0; i < keys.length; i += 25) {
      const requests = keys.slice(i, i + 25).map(({ pk, sk }) => ({ DeleteRequest: { Key: marshal({ pk, sk }) } }));
      await this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#name]: requests } }));
    }
  }
}

async function conditional(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if ((error as Error).name === "ConditionalCheckFailedException") return false;
    throw error;
  }
}
