import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from "../../aws/dynamodb.ts";
import { isSimultaneousLimit, orAbsent } from "../../aws/failures.ts";
import type { TableSchema } from "../../contract/table-schema.ts";
import { changed, compare, type Pipeline, type Resource } from "../resource.ts";
import { fromList, type Tags, tagChanges, tagsDiffer, toList } from "../settings/tags.ts";

interface TableState {
  tags: Tags;
  status: string;
  billing: string;
  keys: unknown;
  indexes: string[];
  recovery: string;
}

/** Keys as "turbine_id (S, hash), timestamp (S, range)". */
function keyText(
  keys: { AttributeName?: string; KeyType?: string }[] = [],
  types: TableSchema["AttributeDefinitions"],
) {
  return keys
    .map(({ AttributeName, KeyType }) => {
      const type = types.find((attribute) => attribute.AttributeName === AttributeName)?.AttributeType;
      return `${AttributeName} (${type}, ${KeyType?.toLowerCase()})`;
    })
    .join(", ");
}

/**
 * A DynamoDB table, on demand, with point-in-time recovery. Its encryption at rest is DynamoDB's own (always on, with a key that costs nothing).
 */
export function table(
  { clients, tags: wanted }: Pipeline,
  { id, name, arn, schema }: { id: string; name: string; arn: string; schema: TableSchema },
): Resource<TableState> {
  const of = { TableName: name };
  const indexNames = (schema.GlobalSecondaryIndexes ?? []).map((index) => index.IndexName).sort();
  return {
    id,
    type: "DynamoDB table",
    name,
    step: "create-table",
    needs: [],
    holdsData: true,
    async read() {
      const dynamodb = await clients.dynamodb();
      const [described, backups, tags] = await Promise.all([
        orAbsent(dynamodb.send(new DescribeTableCommand(of))),
        orAbsent(dynamodb.send(new DescribeContinuousBackupsCommand(of)), "TableNotFoundException"),
        readTags(dynamodb, arn),
      ]);
      const found = described?.Table;
      if (!found) return undefined;
      const indexes = found.GlobalSecondaryIndexes ?? [];
      const busy = indexes.find((index) => index.IndexStatus !== "ACTIVE");
      const recovery = backups?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
      return {
        tags,
        status:
          found.TableStatus === "ACTIVE" && busy
            ? `index ${busy.IndexName} ${busy.IndexStatus}`
            : (found.TableStatus ?? ""),
        billing: found.BillingModeSummary?.BillingMode ?? "PROVISIONED",
        keys: keyText(found.KeySchema, (found.AttributeDefinitions ?? []) as TableSchema["AttributeDefinitions"]),
        indexes: indexes.map((index) => index.IndexName!).sort(),
        recovery: recovery ?? "DISABLED",
      };
    },
    pending: ({ status }) => (status === "ACTIVE" ? undefined : status),
    tags: (state) => state.tags,
    diff: (state) => [
      ...compare("keys", state.keys, keyText(schema.KeySchema, schema.AttributeDefinitions), true),
      ...tagChanges(state.tags, wanted),
      ...compare("billing", state.billing, "PAY_PER_REQUEST"),
      ...indexNames.filter((index) => !state.indexes.includes(index)).map((to) => ({ property: "index", to })),
      ...compare("point-in-time recovery", state.recovery, "ENABLED"),
    ],
    async create() {
      const dynamodb = await clients.dynamodb();
      await dynamodb.send(
        new CreateTableCommand({ ...of, ...schema, BillingMode: "PAY_PER_REQUEST", Tags: toList(wanted) }),
      );
    },
    async update(_, changes) {
      const dynamodb = await clients.dynamodb();
      if (tagsDiffer(changes)) await dynamodb.send(new TagResourceCommand({ ResourceArn: arn, Tags: toList(wanted) }));
      if (changed(changes, "point-in-time recovery")) {
        const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
        await dynamodb.send(new UpdateContinuousBackupsCommand({ ...of, PointInTimeRecoverySpecification }));
      }
      // One of these at a time: each makes the table UPDATING.
      const index = changes.find(({ property }) => property === "index");
      if (changed(changes, "billing")) {
        await dynamodb.send(new UpdateTableCommand({ ...of, BillingMode: "PAY_PER_REQUEST" }));
      } else if (index) {
        const Create = schema.GlobalSecondaryIndexes!.find(({ IndexName }) => IndexName === index.to)!;
        await dynamodb.send(
          new UpdateTableCommand({
            ...of,
            AttributeDefinitions: schema.AttributeDefinitions,
            GlobalSecondaryIndexUpdates: [{ Create }],
          }),
        );
      }
    },
    async remove({ status }) {
      if (status === "DELETING") return;
      const dynamodb = await clients.dynamodb();
      await dynamodb.send(new DeleteTableCommand(of));
    },
    // "Backups are being enabled for the table": a moment after CreateTable.
    passes: (error) =>
      isSimultaneousLimit(error) ||
      error.name === "ContinuousBackupsUnavailableException" ||
      error.name === "TableInUseException",
  };
}

async function readTags(dynamodb: DynamoDBClient, ResourceArn: string): Promise<Tags> {
  const tags: Tags = {};
  let NextToken: string | undefined;
  do {
    const page = await orAbsent(
      dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn, ...(NextToken && { NextToken }) })),
      "AccessDeniedException",
    );
    Object.assign(tags, fromList(page?.Tags));
    NextToken = page?.NextToken;
  } while (NextToken);
  return tags;
}
