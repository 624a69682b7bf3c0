import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-sns";
import { beforeEach, describe, expect, it } from "vitest";
import type { Mail } from "../../../../src/local/services/sns/inbox/mail.ts";
import { clients, deploy, role, until } from "../../pipeline-fixture.ts";
import { failure, serveStack } from "../../serving.ts";

const local = serveStack();
let sns: SNSClient;
let TopicArn: string;
let topics = 0;

beforeEach(async () => {
  sns = local.client(SNSClient);
  TopicArn = (await sns.send(new CreateTopicCommand({ Name: `AnomalyNotification-${++topics}` }))).TopicArn!;
});

async function mails(query = `topicArn=${TopicArn}`): Promise<Mail[]> {
  return ((await (await fetch(`${local.endpoint}/_windops/inbox?${query}`)).json()) as any).mails;
}

const subscribe = (Endpoint: string, more: object = {}) =>
  sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint, ...more }));

async function confirmed(Endpoint: string, more: object = {}): Promise<string> {
  const { SubscriptionArn } = await subscribe(Endpoint, { ReturnSubscriptionArn: true, ...more });
  const mail = (await mails()).filter((m) => m.to === Endpoint && m.kind === "confirmation").at(-1)!;
  await fetch(mail.confirmUrl!);
  return SubscriptionArn!;
}

describe("topics", () => {
  it("are made once, and only with the same attributes and tags", async () => {
    const Name = "idempotent";
    const make = (more: object) => sns.send(new CreateTopicCommand({ Name, ...more }));
    const tagged = { Tags: [{ Key: "windops:pipeline", Value: "a" }], Attributes: { KmsMasterKeyId: "alias/aws/sns" } };
    const { TopicArn: arn } = await make(tagged);
    expect(arn).toBe(`arn:aws:sns:us-east-1:000000000000:${Name}`);
    expect((await make(tagged)).TopicArn).toBe(arn);
    expect((await make({})).TopicArn).toBe(arn);
    expect((await failure(make({ Tags: [{ Key: "other", Value: "b" }] }))).message).toContain("different tags");
    expect((await failure(make({ Attributes: { DisplayName: "other" } }))).message).toContain("different attributes");
    expect((await failure(sns.send(new CreateTopicCommand({ Name: "no spaces" })))).name).toBe(
      "InvalidParameterException",
    );
  });

  it("have attributes and tags, and are gone when deleted", async () => {
    await sns.send(
      new SetTopicAttributesCommand({ TopicArn, AttributeName: "KmsMasterKeyId", AttributeValue: "alias/aws/sns" }),
    );
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({
      TopicArn,
      KmsMasterKeyId: "alias/aws/sns",
      Owner: "000000000000",
      SubscriptionsConfirmed: "0",
    });
    await sns.send(
      new TagResourceCommand({
        ResourceArn: TopicArn,
        Tags: [
          { Key: "a", Value: "1" },
          { Key: "b", Value: "2" },
        ],
      }),
    );
    await sns.send(new UntagResourceCommand({ ResourceArn: TopicArn, TagKeys: ["a"] }));
    expect((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([
      { Key: "b", Value: "2" },
    ]);
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    expect((await failure(sns.send(new GetTopicAttributesCommand({ TopicArn })))).name).toBe("NotFoundException");
    await sns.send(new DeleteTopicCommand({ TopicArn }));
  });

  it("are listed a hundred at a time", async () => {
    for (let i = 0; i < 101; i++) await sns.send(new CreateTopicCommand({ Name: `many-${i}` }));
    const first = await sns.send(new ListTopicsCommand({}));
    expect(first.Topics).toHaveLength(100);
    const second = await sns.send(new ListTopicsCommand({ NextToken: first.NextToken }));
    expect(new Set([...first.Topics!, ...second.Topics!].map((t) => t.TopicArn)).size).toBeGreaterThan(101);
    expect(second.NextToken).toBeUndefined();
  });
});

describe("subscriptions by e-mail", () => {
  it("are pending until the mail's link is opened", async () => {
    expect((await subscribe("ops@example.com")).SubscriptionArn).toBe("pending confirmation");
    const list = async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions!;
    expect(await list()).toMatchObject([
      { SubscriptionArn: "PendingConfirmation", Endpoint: "ops@example.com", Protocol: "email" },
    ]);
    expect((await failure(sns.send(new UnsubscribeCommand({ SubscriptionArn: "pending confirmation" })))).name).toBe(
      "InvalidParameterException",
    );
    await sns.send(new PublishCommand({ TopicArn, Message: "too early" }));
    const [mail, ...others] = await mails();
    expect(others).toEqual([]);
    expect(mail).toMatchObject({
      kind: "confirmation",
      to: "ops@example.com",
      subject: "AWS Notification - Subscription Confirmation",
    });
    expect(mail!.text).toContain(mail!.confirmUrl);
    await fetch(mail!.confirmUrl!);
    expect((await list())[0]!.SubscriptionArn).toMatch(`${TopicArn}:`);
    expect(
      (
        await failure(
          fetch(`${local.endpoint}/_windops/confirm?token=0`).then((r) =>
            Promise.reject(Object.assign(new Error(), { name: String(r.status) })),
          ),
        )
      ).name,
    ).toBe("400");
  });

  it("are confirmed by token too, and are the same when asked for again", async () => {
    const { SubscriptionArn } = await subscribe("a@example.com", { ReturnSubscriptionArn: true });
    expect((await subscribe("a@example.com", { ReturnSubscriptionArn: true })).SubscriptionArn).toBe(SubscriptionArn);
    const Token = new URL((await mails())[0]!.confirmUrl!).searchParams.get("token")!;
    expect((await failure(sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: "wrong" })))).name).toBe(
      "InvalidParameterException",
    );
    expect((await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }))).SubscriptionArn).toBe(SubscriptionArn);
    expect((await subscribe("a@example.com")).SubscriptionArn).toBe(SubscriptionArn);
    const different = subscribe("a@example.com", { Attributes: { FilterPolicy: '{"a":["b"]}' } });
    expect((await failure(different)).message).toContain("different attributes");
  });

  it("confirm all at once for a local setup", async () => {
    await subscribe("one@example.com");
    await subscribe("two@example.com");
    const answer = await fetch(`${local.endpoint}/_windops/confirm-all`, {
      method: "POST",
      body: JSON.stringify({ topicArn: TopicArn }),
    });
    expect(((await answer.json()) as any).confirmed.map((c: any) => c.endpoint).sort()).toEqual([
      "one@example.com",
      "two@example.com",
    ]);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({ SubscriptionsConfirmed: "2", SubscriptionsPending: "0" });
  });

  it("refuse addresses and protocols that nothing can be sent to", async () => {
    for (const endpoint of ["nobody", "a b@c", "a@b\r\nBcc: x@y"])
      expect((await failure(subscribe(endpoint))).name).toBe("InvalidParameterException");
    expect((await failure(subscribe("https://example.com", { Protocol: "https" }))).message).toContain(
      "embedded stack",
    );
    expect((await failure(subscribe("x", { Protocol: "pigeon" }))).name).toBe("InvalidParameterException");
  });

  it("page a hundred at a time", async () => {
    for (let i = 0; i < 103; i++) await subscribe(`p${i}@example.com`);
    const first = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    const second = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken: first.NextToken }));
    expect([first.Subscriptions!.length, second.Subscriptions!.length, second.NextToken]).toEqual([100, 3, undefined]);
  });
});

describe("publishing", () => {
  it("puts the mail as SNS words it into the inbox of confirmed subscribers only", async () => {
    await confirmed("on@example.com");
    await subscribe("pending@example.com");
    const Subject = "Abnormal Wind Turbine Speed Detected";
    const MessageAttributes = {
      turbineId: { DataType: "String", StringValue: "oak-ridge-07" },
      score: { DataType: "Number", StringValue: "4.2" },
    };
    const { MessageId } = await sns.send(
      new PublishCommand({ TopicArn, Subject, Message: "30 m/s\nat 10:00", MessageAttributes }),
    );
    const found = (await mails()).filter((m) => m.kind === "notification");
    expect(found).toMatchObject([
      {
        to: "on@example.com",
        subject: Subject,
        messageId: MessageId,
        attributes: { turbineId: "oak-ridge-07", score: "4.2" },
      },
    ]);
    expect(found[0]!.text.startsWith("30 m/s\nat 10:00\n\n--\nIf you wish to stop receiving notifications")).toBe(true);
    expect(found[0]!.headers).toMatchObject({ To: "on@example.com", Subject });
    const link = /http\S+unsubscribe\S+/.exec(found[0]!.text)![0];
    await fetch(link);
    await sns.send(new PublishCommand({ TopicArn, Message: "nobody is there" }));
    expect((await mails()).filter((m) => m.kind === "notification")).toHaveLength(1);
  });

  it("is seen again after a restart, and by id and time", async () => {
    await confirmed("kept@example.com");
    await sns.send(new PublishCommand({ TopicArn, Message: "first" }));
    const [, first] = await mails();
    await local.restart();
    sns = local.client(SNSClient);
    await sns.send(new PublishCommand({ TopicArn, Message: "second" }));
    const after = await mails(`after=${first!.id}&kind=notification`);
    expect(after.map((m) => m.text.split("\n")[0])).toEqual(["second"]);
    expect(await mails(`since=${encodeURIComponent(after[0]!.sent)}&topicArn=${TopicArn}`)).toContainEqual(after[0]);
  });

  it.each([
    ["", "Empty message", {}],
    ["x".repeat(256 * 1024 + 1), "Message too long", {}],
    ["x", "Subject", { Subject: "two\nlines" }],
    ["x", "Subject", { Subject: "x".repeat(101) }],
    ["x", "Subject", { Subject: "über" }],
    ["{}", "No default entry", { MessageStructure: "json" }],
  ])("refuses %.10j (%s)", async (Message, says, more) => {
    const error = await failure(sns.send(new PublishCommand({ TopicArn, Message, ...more })));
    expect([error.name, error.message]).toEqual(["InvalidParameterException", expect.stringContaining(says)]);
  });

  it("refuses attributes without value or of an unknown type", async () => {
    for (const a of [
      { DataType: "String" },
      { DataType: "Number", StringValue: "x" },
      { DataType: "Thing", StringValue: "x" },
    ]) {
      const error = await failure(sns.send(new PublishCommand({ TopicArn, Message: "m", MessageAttributes: { a } })));
      expect(error.name).toBe("InvalidParameterValueException");
    }
  });

  it("says that a topic isn't there", async () => {
    expect((await failure(sns.send(new PublishCommand({ TopicArn: `${TopicArn}-none`, Message: "m" })))).name).toBe(
      "NotFoundException",
    );
  });

  it("sends batches, and says which entry failed", async () => {
    await confirmed("batch@example.com");
    const entries = [
      { Id: "1", Message: "one" },
      { Id: "2", Message: "two", Subject: "bad\nsubject" },
    ];
    const answer = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries }));
    expect(answer.Successful).toMatchObject([{ Id: "1" }]);
    expect(answer.Failed).toMatchObject([{ Id: "2", SenderFault: true, Code: "InvalidParameter" }]);
    const same = [
      { Id: "1", Message: "a" },
      { Id: "1", Message: "b" },
    ];
    expect(
      (await failure(sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: same })))).name,
    ).toBe("BatchEntryIdsNotDistinctException");
  });

  it("filters by attributes", async () => {
    const FilterPolicy = JSON.stringify({ score: [{ numeric: [">=", 3] }], location: [{ prefix: "Oak" }, "Elm"] });
    const arn = await confirmed("filtered@example.com", { Attributes: { FilterPolicy } });
    const say = (Message: string, score: string, location: string) =>
      sns.send(
        new PublishCommand({
          TopicArn,
          Message,
          MessageAttributes: {
            score: { DataType: "Number", StringValue: score },
            location: { DataType: "String", StringValue: location },
          },
        }),
      );
    await say("low", "2.5", "Oak Ridge");
    await say("elsewhere", "5", "Pine");
    await say("prefix", "3", "Oak Ridge");
    await say("exact", "9", "Elm");
    await sns.send(new PublishCommand({ TopicArn, Message: "bare" }));
    const texts = async () =>
      (await mails()).filter((m) => m.kind === "notification").map((m) => m.text.split("\n")[0]);
    expect(await texts()).toEqual(["prefix", "exact"]);
    await sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: arn,
        AttributeName: "FilterPolicy",
        AttributeValue: "{}",
      }),
    );
    await say("all", "0", "x");
    expect(await texts()).toContain("all");
    expect((await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }))).Attributes).toMatchObject({
      PendingConfirmation: "false",
    });
  });
});

describe("functions", () => {
  it("are called with the event that SNS sends", async () => {
    const c = clients(local.endpoint);
    const logs = local.client(CloudWatchLogsClient);
    await deploy(
      c,
      await role(c.iam, "listener"),
      "listener",
      "export const handler = (e) => console.log(JSON.stringify(e));",
    );
    const Endpoint = "arn:aws:lambda:us-east-1:000000000000:function:listener";
    const { SubscriptionArn } = await sns.send(new SubscribeCommand({ TopicArn, Protocol: "lambda", Endpoint }));
    expect(SubscriptionArn).toMatch(`${TopicArn}:`);
    const MessageAttributes = { score: { DataType: "Number", StringValue: "3" } };
    const { MessageId } = await sns.send(
      new PublishCommand({ TopicArn, Subject: "S", Message: "hello", MessageAttributes }),
    );
    const line = await until(async () => {
      const found = await logs.send(
        new FilterLogEventsCommand({ logGroupName: "/aws/lambda/listener", filterPattern: "Records" }),
      );
      return found.events?.[0]?.message;
    }, "the function's log");
    const [record] = JSON.parse(/\{.*\}/.exec(line)![0]).Records;
    expect(record).toMatchObject({
      EventSource: "aws:sns",
      EventSubscriptionArn: SubscriptionArn,
      Sns: {
        MessageId,
        TopicArn,
        Subject: "S",
        Message: "hello",
        MessageAttributes: { score: { Type: "Number", Value: "3" } },
      },
    });
  });
});
