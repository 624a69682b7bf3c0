// node subscribe.js slack|sms URL [PHONE]
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AttachRolePolicyCommand, CreateRoleCommand, GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { paginateListTopics, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { zipSync } from "fflate";

const [channel, url, phone = ""] = process.argv.slice(2);
const name = `AnomalyTo${channel === "sms" ? "Sms" : "Slack"}`;
const region = process.env.AWS_REGION ?? "us-east-1";
const [iam, lambda, sns] = [new IAMClient({ region }), new LambdaClient({ region }), new SNSClient({ region })];

/** The one or the other, where the first fails because it is there already. */
const unlessThere = (error, otherwise) => {
  if (/EntityAlreadyExists|ResourceConflict/.test(error.name)) return otherwise();
  throw error;
};

const trust = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
const { Role } = await iam
  .send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }))
  .catch((error) => unlessThere(error, () => iam.send(new GetRoleCommand({ RoleName: name }))));
const PolicyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
await iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn }));

const ZipFile = zipSync({ "index.mjs": readFileSync(new URL("channel.js", import.meta.url)) });
const create = new CreateFunctionCommand({
  FunctionName: name,
  Role: Role.Arn,
  Runtime: "nodejs22.x",
  Handler: "index.handler",
  Timeout: 15,
  Code: { ZipFile },
  Environment: { Variables: { CHANNEL: channel, URL: url, PHONE: phone } },
});
let made;
for (let attempt = 1; !made; attempt++) {
  try {
    made = await lambda
      .send(create)
      .catch((error) =>
        unlessThere(error, () => lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile }))),
      );
  } catch (error) {
    // A new role isn't known everywhere for some seconds.
    if (attempt === 15 || !/cannot be assumed/.test(error.message)) throw error;
    await sleep(2_000);
  }
}

let topic;
for await (const { Topics = [] } of paginateListTopics({ client: sns }, {})) {
  topic ??= Topics.find(({ TopicArn }) => TopicArn.endsWith("AnomalyNotification"))?.TopicArn;
}
if (!topic) throw new Error("There is no topic AnomalyNotification: run `windops setup` first.");
const permission = {
  StatementId: "sns",
  Action: "lambda:InvokeFunction",
  Principal: "sns.amazonaws.com",
  SourceArn: topic,
};
await lambda
  .send(new AddPermissionCommand({ FunctionName: name, ...permission }))
  .catch((error) => unlessThere(error, () => {}));
await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "lambda", Endpoint: made.FunctionArn }));
console.log(`${topic} is told to ${channel}`);
