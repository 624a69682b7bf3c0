/** A table's keys and indexes as CreateTable takes them. */
export interface TableSchema {
  AttributeDefinitions: { AttributeName: string; AttributeType: "S" | "N" }[];
  KeySchema: { AttributeName: string; KeyType: "HASH" | "RANGE" }[];
  GlobalSecondaryIndexes?: {
    IndexName: string;
    KeySchema: { AttributeName: string; KeyType: "HASH" | "RANGE" }[];
    Projection: { ProjectionType: "ALL" };
  }[];
}

/** Sparse: only rows that are anomalies carry its key, so that finding them costs what is found. */
export const ANOMALY_INDEX = "AnomalyIndex";
/** `00` … `15`, from the turbine's name: a storm over the farm is spread over so many partitions. */
export const ANOMALY_PARTITIONS = 16;
/** Rows from this score carry the index's key (or from the threshold, where that is lower). */
export const ANOMALY_INDEX_SCORE = 2;

export const readingsSchema: TableSchema = {
  AttributeDefinitions: [
    { AttributeName: "turbine_id", AttributeType: "S" },
    { AttributeName: "timestamp", AttributeType: "S" },
    { AttributeName: "anomaly_partition", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "turbine_id", KeyType: "HASH" },
    { AttributeName: "timestamp", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: ANOMALY_INDEX,
      KeySchema: [
        { AttributeName: "anomaly_partition", KeyType: "HASH" },
        { AttributeName: "timestamp", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
  ],
};

/** The delivery's table; lambdas/shared/alerts.ts says what is in it. */
export const alertsSchema: TableSchema = {
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
};
