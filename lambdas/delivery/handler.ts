import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { deliverySettings } from "../../src/contract/environment.ts";
import { type LambdaContext, wait } from "../shared/lambda.ts";
import { type DeliveryEvent, type DeliveryResult, deliver } from "./delivery.ts";

const settings = deliverySettings(process.env);
const dynamodb = new DynamoDBClient({});
const sns = new SNSClient({});

/** AnomalyMessageDeliveryFunction: tells subscribers of each anomaly, exactly once. */
export async function handler(event: DeliveryEvent, context: LambdaContext): Promise<DeliveryResult> {
  return deliver(event ?? {}, {
    settings,
    dynamodb,
    publish: async ({ subject, text, attributes }) => {
      const { MessageId } = await sns.send(
        new PublishCommand({
          TopicArn: settings.topicArn,
          Subject: subject,
          Message: text,
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, { type, value }]) => [name, { DataType: type, StringValue: value }]),
          ),
        }),
      );
      return MessageId ?? "";
    },
    now: Date.now,
    owner: randomUUID(),
    log: (line) => console.log(line),
    remaining: () => context.getRemainingTimeInMillis(),
    wait,
    random: Math.random,
  });
}
