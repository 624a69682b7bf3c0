import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { failure, serveStack } from "../../../serving.ts";

interface Received {
  from: string;
  to: string[];
  data: string;
}

/** As much of RFC 5321 as a client needs to hand over a mail. `refusals`: so many mails are put off first. */
async function smtpServer(refusals: number): Promise<{ url: string; mails: Received[]; server: Server }> {
  const mails: Received[] = [];
  let left = refusals;
  const server = createServer((socket: Socket) => {
    const say = (line: string) => socket.write(`${line}\r\n`);
    let mail: Received = { from: "", to: [], data: "" };
    let inData = false;
    say("220 test ESMTP");
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => {
      if (inData) {
        inData = line !== ".";
        if (inData) mail.data += `${line}\n`;
        else {
          mails.push(mail);
          say("250 OK");
        }
        return;
      }
      const [verb] = line.toUpperCase().split(/[ :]/);
      if (verb === "MAIL") {
        mail = { from: line, to: [], data: "" };
        say(left-- > 0 ? "451 4.3.0 come back later" : "250 OK");
      } else if (verb === "RCPT") {
        mail.to.push(/<(.*)>/.exec(line)![1]!);
        say("250 OK");
      } else if (verb === "DATA") {
        inData = true;
        say("354 go on");
      } else if (verb === "QUIT") socket.end("221 bye\r\n");
      else say("250 test");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `smtp://user:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}?ignoreTLS=true`,
    mails,
    server,
  };
}

const logged: string[] = [];
let now = Date.parse("2026-11-23T10:00:00Z");
const smtp = await smtpServer(1);
vi.stubEnv("WINDOPS_SMTP_URL", smtp.url.replace("user:s3cret@", ""));
vi.stubEnv("WINDOPS_SMTP_FROM", "wind@example.com");
const local = serveStack({ now: () => now, log: (line) => logged.push(line) });
let sns: SNSClient;
let TopicArn: string | undefined;

beforeAll(async () => {
  sns = local.client(SNSClient);
  ({ TopicArn } = await sns.send(new CreateTopicCommand({ Name: "out" })));
});
afterAll(() => {
  vi.unstubAllEnvs();
  smtp.server.close();
});

it("sends mails out where a server is configured, and keeps them until it takes them", async () => {
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "ops@example.com" }));
  await vi.waitFor(() => expect(logged.join()).toContain("not sent (attempt 1)"), { timeout: 10_000 });
  expect(logged.join()).not.toContain("smtp://");
  expect(smtp.mails).toEqual([]);
  await local.restart();
  sns = local.client(SNSClient);
  now += 60_000;
  await vi.waitFor(() => expect(smtp.mails).toHaveLength(1), { timeout: 10_000 });
  const [mail] = smtp.mails;
  expect(mail).toMatchObject({ from: expect.stringContaining("wind@example.com"), to: ["ops@example.com"] });
  expect(mail!.data).toContain("Subject: AWS Notification - Subscription Confirmation");
  await fetch(`${local.endpoint}/_windops/confirm-all`, { method: "POST", body: "{}" });
  await sns.send(new PublishCommand({ TopicArn, Subject: "Abnormal", Message: "30 m/s — über cut-out\n.\nend" }));
  await vi.waitFor(() => expect(smtp.mails).toHaveLength(2), { timeout: 10_000 });
  const { mails } = (await (await fetch(`${local.endpoint}/_windops/inbox?kind=notification`)).json()) as any;
  expect(smtp.mails[1]!.data).toContain(mails[0].headers["Message-ID"]);
  expect(smtp.mails[1]!.data).toContain("Subject: Abnormal");
  expect(smtp.mails[1]!.data).toContain("Date: Mon, 23 Nov 2026 10:01:00 +0000");
});

it("takes no address that would add headers or recipients", async () => {
  const bad = sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "a@example.com, b@example.com" }));
  expect((await failure(bad)).name).toBe("InvalidParameterException");
});
