import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { destinationSettings } from "../../src/contract/environment.ts";
import { type BatchResponse, type KinesisEvent, type LambdaContext, wait } from "../shared/lambda.ts";
import { store } from "./destination.ts";
import { quarantine } from "./quarantine.ts";

const settings = destinationSettings(process.env);
const dynamodb = new DynamoDBClient({});
const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
const lambda = new LambdaClient({});
/** An asynchronous event holds 256 KB; with more turbines the delivery looks through all that waits. */
const MOST_TURBINES = 1000;

/** AnalyticsDestinationFunction: scored readings from AnomalyDetectionStream into the table. */
export async function handler(event: KinesisEvent, context: LambdaContext): Promise<BatchResponse> {
  return store(event, {
    settings,
    dynamodb,
    quarantine: async (record, why) => {
      if (!settings.quarantineBucket) throw new Error("QUARANTINE_BUCKET is not set");
      await quarantine(s3, settings.quarantineBucket, record, why);
    },
    alert: async (turbines) => {
      if (!settings.deliveryFunction) return;
      const few = turbines.length <= MOST_TURBINES && JSON.stringify(turbines).length < 200_000;
      await lambda.send(
        new InvokeCommand({
          FunctionName: settings.deliveryFunction,
          InvocationType: "Event",
          Payload: Buffer.from(JSON.stringify(few ? { look: "turbines", turbines } : { look: "waiting" })),
        }),
      );
    },
    log: (line) => console.log(line),
    remaining: () => context.getRemainingTimeInMillis(),
    wait,
    random: Math.random,
  });
}
