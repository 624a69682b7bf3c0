import { AwsError } from "../../errors.ts";
import { ACCOUNT, type Call, type Operation, type Stack } from "../../service.ts";
import type { TableOperation } from "./tables.ts";

/** What dynalite doesn't keep of a table, by the table's id: one made again under the same name starts anew. */
interface Settings {
  encrypted?: { keyArn: string };
  recovery?: { since: number; days: number };
  expiry?: { attribute: string };
  protected: boolean;
  tableClass?: string;
  tags: Record<string, string>;
}

const NONE: Settings = { protected: false, tags: {} };
const PITR_DAYS = 35;

type Run = (operation: TableOperation, input: any, call: Call) => Promise<any>;

/**
 * A table's settings beside its items: encryption, point-in-time recovery, time to live, deletion protection, class and
 * tags. They are kept and shown as DynamoDB does; nothing is encrypted, recovered or expired.
 */
export function settingsOperations(stack: Stack, run: Run): Record<string, Operation> {
  const store = stack.store<Settings>("dynamodb");
  const describe = async (name: string, call: Call) => (await run("DescribeTable", { TableName: name }, call)).Table;
  const settingsOf = (table: { TableId: string }): Settings => store.get(table.TableId) ?? NONE;
  const shown = (table: any) => ({ ...table, ...describeSettings(settingsOf(table)) });
  const byArn = async (arn: unknown, call: Call) => {
    const name = /^arn:[^:]+:dynamodb:[^:]*:\d*:table\/([^/]+)$/.exec(String(arn))?.[1];
    if (!name) throw invalid(`Invalid TableArn: ${arn}`);
    return describe(name, call);
  };
  const recovery = async (input: any, call: Call) => {
    const { recovery } = settingsOf(await describe(input.TableName, call));
    const now = stack.now();
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: "ENABLED",
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: recovery ? "ENABLED" : "DISABLED",
          ...(recovery && {
            RecoveryPeriodInDays: recovery.days,
            EarliestRestorableDateTime: new Date(Math.max(recovery.since, now - recovery.days * 86_400_000)),
            LatestRestorableDateTime: new Date(Math.max(recovery.since, now - 300_000)),
          }),
        },
      },
    };
  };

  return {
    CreateTable: async (input, call) => {
      refuseStreams(input);
      const settings = { ...changed(NONE, input, call), tags: asRecord(input.Tags) };
      const { TableDescription } = await run("CreateTable", input, call);
      store.put(TableDescription.TableId, settings);
      return { TableDescription: shown(TableDescription) };
    },
    DescribeTable: async (input, call) => ({ Table: shown(await describe(input.TableName, call)) }),
    UpdateTable: async (input, call) => {
      refuseStreams(input);
      const table = await describe(input.TableName, call);
      store.put(table.TableId, changed(settingsOf(table), input, call));
      const itself = input.ProvisionedThroughput || input.BillingMode || input.GlobalSecondaryIndexUpdates;
      const updated = itself ? (await run("UpdateTable", input, call)).TableDescription : table;
      return { TableDescription: shown(updated) };
    },
    DeleteTable: async (input, call) => {
      const table = await describe(input.TableName, call);
      if (settingsOf(table).protected) {
        throw invalid(
          `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
        );
      }
      const { TableDescription } = await run("DeleteTable", input, call);
      const answer = { TableDescription: shown(TableDescription) };
      store.delete(table.TableId);
      return answer;
    },
    DescribeContinuousBackups: recovery,
    UpdateContinuousBackups: async (input, call) => {
      const table = await describe(input.TableName, call);
      const wanted = input.PointInTimeRecoverySpecification;
      if (typeof wanted?.PointInTimeRecoveryEnabled !== "boolean") {
        throw invalid("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled must not be null");
      }
      const { recovery: present, ...rest } = settingsOf(table);
      const on = { since: present?.since ?? stack.now(), days: wanted.RecoveryPeriodInDays ?? PITR_DAYS };
      store.put(table.TableId, wanted.PointInTimeRecoveryEnabled ? { ...rest, recovery: on } : rest);
      return recovery(input, call);
    },
    DescribeTimeToLive: async (input, call) => {
      const { expiry } = settingsOf(await describe(input.TableName, call));
      return {
        TimeToLiveDescription: expiry
          ? { TimeToLiveStatus: "ENABLED", AttributeName: expiry.attribute }
          : { TimeToLiveStatus: "DISABLED" },
      };
    },
    UpdateTimeToLive: async (input, call) => {
      const table = await describe(input.TableName, call);
      const { AttributeName: attribute, Enabled } = input.TimeToLiveSpecification ?? {};
      if (typeof attribute !== "string" || typeof Enabled !== "boolean")
        throw invalid("TimeToLiveSpecification is incomplete");
      const { expiry, ...rest } = settingsOf(table);
      if (Enabled === (expiry !== undefined))
        throw invalid(`TimeToLive is already ${Enabled ? "enabled" : "disabled"}`);
      store.put(table.TableId, Enabled ? { ...rest, expiry: { attribute } } : rest);
      return { TimeToLiveSpecification: { AttributeName: attribute, Enabled } };
    },
    TagResource: async (input, call) => {
      const table = await byArn(input.ResourceArn, call);
      const settings = settingsOf(table);
      store.put(table.TableId, { ...settings, tags: { ...settings.tags, ...asRecord(input.Tags) } });
      return {};
    },
    UntagResource: async (input, call) => {
      const table = await byArn(input.ResourceArn, call);
      const settings = settingsOf(table);
      const tags = Object.entries(settings.tags).filter(([key]) => !(input.TagKeys ?? []).includes(key));
      store.put(table.TableId, { ...settings, tags: Object.fromEntries(tags) });
      return {};
    },
    ListTagsOfResource: async (input, call) => {
      const { tags } = settingsOf(await byArn(input.ResourceArn, call));
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
    DescribeEndpoints: () => ({ Endpoints: [{ Address: new URL(stack.endpoint).host, CachePeriodInMinutes: 1440 }] }),
    DescribeLimits: () => ({
      AccountMaxReadCapacityUnits: 80_000,
      AccountMaxWriteCapacityUnits: 80_000,
      TableMaxReadCapacityUnits: 40_000,
      TableMaxWriteCapacityUnits: 40_000,
    }),
  };
}

const invalid = (message: string) => new AwsError("ValidationException", message);

function refuseStreams(input: any): void {
  if (input.StreamSpecification?.StreamEnabled || input.ReplicaUpdates) {
    throw invalid("The embedded stack's DynamoDB has no streams and no replicas");
  }
}

/** `settings` with what CreateTable or UpdateTable says of them. */
function changed(settings: Settings, input: any, call: Call): Settings {
  const next = { ...settings };
  if (typeof input.DeletionProtectionEnabled === "boolean") next.protected = input.DeletionProtectionEnabled;
  if (input.TableClass !== undefined) next.tableClass = input.TableClass;
  const { Enabled, KMSMasterKeyId } = input.SSESpecification ?? {};
  if (Enabled === false) delete next.encrypted;
  if (Enabled === true) {
    const key = KMSMasterKeyId ?? "alias/aws/dynamodb";
    next.encrypted = { keyArn: key.startsWith("arn:") ? key : `arn:aws:kms:${call.region}:${ACCOUNT}:${keyPath(key)}` };
  }
  return next;
}

const keyPath = (key: string) => (key.startsWith("alias/") || key.startsWith("key/") ? key : `key/${key}`);

function describeSettings({ encrypted, protected: on, tableClass }: Settings) {
  return {
    DeletionProtectionEnabled: on,
    ...(encrypted && { SSEDescription: { Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: encrypted.keyArn } }),
    ...(tableClass && { TableClassSummary: { TableClass: tableClass } }),
  };
}

const asRecord = (tags: { Key: string; Value: string }[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
