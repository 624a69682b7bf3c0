import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AsyncQueue } from "../../../../src/local/services/lambda/async-queue.ts";
import { CodeStore } from "../../../../src/local/services/lambda/code.ts";
import { Functions } from "../../../../src/local/services/lambda/functions.ts";
import { type Clients, clients, deploy, role, until, zipped } from "../../pipeline-fixture.ts";
import { clientOptions, temporaryStack } from "../../stack-fixture.ts";

let stack: Awaited<ReturnType<typeof temporaryStack>>;
let aws: Clients;
let Role: string;
beforeAll(async () => {
  stack = await temporaryStack();
  aws = clients(stack.endpoint);
  Role = await role(aws.iam, "functions");
});
afterAll(() => stack.close());

async function invoke(FunctionName: string, event: unknown = {}, more: object = {}) {
  const answer = await aws.lambda.send(
    new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)), LogType: "Tail", ...more }),
  );
  const text = Buffer.from(answer.Payload ?? []).toString();
  return {
    status: answer.StatusCode,
    error: answer.FunctionError,
    payload: text === "" ? undefined : JSON.parse(text),
    log: Buffer.from(answer.LogResult ?? "", "base64").toString(),
  };
}

const update = (FunctionName: string) =>
  waitUntilFunctionUpdatedV2({ client: aws.lambda, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.1 } as never, {
    FunctionName,
  });

describe("a function's life", () => {
  it("is created, run, changed and removed", async () => {
    const FunctionName = "life";
    await deploy(
      aws,
      Role,
      FunctionName,
      "export const handler = async (event) => ({ got: event, name: process.env.NAME });",
      {
        Environment: { Variables: { NAME: "one" } },
      },
    );
    expect(await invoke(FunctionName, { speed: 12 })).toMatchObject({
      status: 200,
      error: undefined,
      payload: { got: { speed: 12 }, name: "one" },
    });
    const before = await aws.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));

    const ZipFile = zipped({ "index.mjs": "export const handler = () => Promise.resolve('second');" });
    const dry = await aws.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile, DryRun: true }));
    expect(dry.CodeSha256).not.toBe(before.CodeSha256);
    expect((await aws.lambda.send(new GetFunctionCommand({ FunctionName }))).Configuration?.CodeSha256).toBe(
      before.CodeSha256,
    );

    const updated = await aws.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
    expect(updated).toMatchObject({ CodeSha256: dry.CodeSha256, LastUpdateStatus: "InProgress" });
    await expect(
      aws.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9 })),
    ).rejects.toMatchObject({
      name: "ResourceConflictException",
      message: expect.stringContaining("An update is in progress"),
    });
    await update(FunctionName);
    await aws.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9 }));
    await update(FunctionName);
    expect((await invoke(FunctionName)).payload).toBe("second");
    expect(await aws.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).toMatchObject({
      Timeout: 9,
      State: "Active",
      LastUpdateStatus: "Successful",
      Environment: { Variables: { NAME: "one" } },
    });

    await aws.lambda.send(new DeleteFunctionCommand({ FunctionName }));
    await expect(aws.lambda.send(new GetFunctionCommand({ FunctionName }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("lists all pages", async () => {
    for (const name of ["page-a", "page-b", "page-c"])
      await deploy(aws, Role, name, "export const handler = async () => 1;");
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page: any = await aws.lambda.send(new ListFunctionsCommand({ MaxItems: 1, Marker }));
      names.push(...page.Functions.map((f: any) => f.FunctionName));
      Marker = page.NextMarker;
    } while (Marker);
    expect(names).toEqual(expect.arrayContaining(["page-a", "page-b", "page-c"]));
    expect(new Set(names).size).toBe(names.length);
  });

  it("is the same function by name, partial and whole ARN", async () => {
    await deploy(aws, Role, "by-arn", "export const handler = async (e, c) => c.invokedFunctionArn;");
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:by-arn";
    for (const FunctionName of ["by-arn", "000000000000:function:by-arn", arn, `${arn}:$LATEST`]) {
      expect((await invoke(FunctionName)).payload).toBe(arn);
    }
  });

  it("takes its tags and resource policy", async () => {
    const FunctionName = "tagged";
    await deploy(aws, Role, FunctionName, "export const handler = async () => 1;", { Tags: { farm: "oak" } });
    const Resource = `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`;
    await aws.lambda.send(new TagResourceCommand({ Resource, Tags: { city: "york" } }));
    await aws.lambda.send(new UntagResourceCommand({ Resource, TagKeys: ["farm"] }));
    expect((await aws.lambda.send(new ListTagsCommand({ Resource }))).Tags).toEqual({ city: "york" });
    const add = new AddPermissionCommand({
      FunctionName,
      StatementId: "s",
      Action: "lambda:InvokeFunction",
      Principal: "scheduler.amazonaws.com",
      SourceArn: "arn:aws:scheduler:::x",
    });
    await aws.lambda.send(add);
    await expect(aws.lambda.send(add)).rejects.toMatchObject({ name: "ResourceConflictException" });
    const { Policy } = await aws.lambda.send(new GetPolicyCommand({ FunctionName }));
    expect(JSON.parse(Policy!).Statement).toMatchObject([
      { Sid: "s", Principal: { Service: "scheduler.amazonaws.com" }, Resource },
    ]);
    await aws.lambda.send(new RemovePermissionCommand({ FunctionName, StatementId: "s" }));
    await expect(aws.lambda.send(new GetPolicyCommand({ FunctionName }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});

describe("what CreateFunction refuses", () => {
  const base = { Role: "", Runtime: "nodejs22.x" as const, Handler: "index.handler" };
  it.each([
    [
      "a role that isn't there",
      { Role: "arn:aws:iam::000000000000:role/nobody" },
      "InvalidParameterValueException",
      "cannot be assumed by Lambda",
    ],
    ["a runtime that isn't Node", { Runtime: "python3.12" as const }, "InvalidParameterValueException", "nodejs"],
    [
      "a zip that isn't one",
      { Code: { ZipFile: Buffer.from("PK nonsense") } },
      "InvalidParameterValueException",
      "Could not unzip",
    ],
    [
      "code from a bucket that isn't there",
      { Code: { S3Bucket: "none", S3Key: "k" } },
      "InvalidParameterValueException",
      "S3 Error Code",
    ],
    [
      "a reserved variable",
      { Environment: { Variables: { AWS_REGION: "x" } } },
      "InvalidParameterValueException",
      "reserved keys",
    ],
    ["too long a timeout", { Timeout: 901 }, "InvalidParameterValueException", "timeout"],
    [
      "what the stack can't honour",
      { Layers: ["arn:aws:lambda:us-east-1:1:layer:x:1"] },
      "InvalidParameterValueException",
      "Layers",
    ],
    ["a bad name", { FunctionName: "a b" }, "ValidationException", "functionName"],
  ])("%s", async (_, change, name, message) => {
    const Code = { ZipFile: zipped({ "index.mjs": "export const handler = 1" }) };
    await expect(
      aws.lambda.send(new CreateFunctionCommand({ FunctionName: "refused", ...base, Role, Code, ...change })),
    ).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it.each(["../escape.mjs", "/etc/escape.mjs", "a/../../escape.mjs", "a\\..\\escape.mjs"])(
    "a package with %s",
    async (path) => {
      const ZipFile = zipSync({ "index.mjs": strToU8("export const handler = 1"), [path]: strToU8("out") });
      await expect(
        aws.lambda.send(new CreateFunctionCommand({ FunctionName: "refused", ...base, Role, Code: { ZipFile } })),
      ).rejects.toMatchObject({ message: expect.stringContaining("Could not unzip") });
      expect(existsSync(join(stack.stateDir, "data", "escape.mjs"))).toBe(false);
    },
  );

  it("a package that unpacks to more than 250 MB", async () => {
    const ZipFile = zipSync({ "zeros.bin": new Uint8Array(1000) });
    // The size in the central directory, "PK\x01\x02", is what a reader goes by.
    const directory = Buffer.from(ZipFile.buffer).indexOf("PK\x01\x02", 0, "latin1");
    Buffer.from(ZipFile.buffer).writeUInt32LE(262_144_001, directory + 24);
    await expect(
      aws.lambda.send(new CreateFunctionCommand({ FunctionName: "refused", ...base, Role, Code: { ZipFile } })),
    ).rejects.toMatchObject({ message: "Unzipped size must be smaller than 262144000 bytes" });
  });

  it("the same name again", async () => {
    await deploy(aws, Role, "twice", "export const handler = async () => 1;");
    await expect(deploy(aws, Role, "twice", "export const handler = async () => 1;")).rejects.toMatchObject({
      name: "ResourceConflictException",
      message: "Function already exist: twice",
    });
  });
});

describe("an invocation", () => {
  const handlers = `
    import { setTimeout as wait } from "node:timers/promises";
    let count = 0;
    export const async_ = async () => ({ count: ++count, pid: process.pid });
    export const callback = (event, context, done) => { setTimeout(() => done(null, "called back"), 5); };
    export const sync = () => "ignored, as Lambda does";
    export const throws = async () => { console.log("about to throw"); throw new TypeError("no wind"); };
    export const callbackFails = (event, context, done) => done(new RangeError("too much wind"));
    export const rejectsLater = async () => { Promise.reject(new Error("unseen")); await wait(1000); };
    export const crashes = async () => { setImmediate(() => { throw new Error("out of the loop"); }); await wait(1000); };
    export const exits = async () => { process.exit(3); };
    export const killed = async () => { process.kill(process.pid, "SIGKILL"); await wait(1000); };
    export const slow = async () => { await wait(60_000); };
    export const spins = async () => { for (;;); };
    export const large = async () => "x".repeat(6_291_556);
    export const circular = async () => { const a = {}; a.a = a; return a; };
    export const never = () => new Promise(() => {});
    export const context = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis(), env: { ...process.env } });
    export const prints = async () => { console.log("one\\ntwo"); console.error("bad %d", 7); process.stdout.write("raw\\n"); };
  `;
  const names = [...handlers.matchAll(/export const (\w+)/g)].map((m) => m[1]!);
  beforeAll(async () => {
    await Promise.all(
      names.map((name) =>
        deploy(aws, Role, name, handlers, { Handler: `index.${name}`, Timeout: name === "context" ? 30 : 1 }),
      ),
    );
  });

  it("keeps its process warm", async () => {
    const first = await invoke("async_");
    const second = await invoke("async_");
    expect([first.payload.count, second.payload.count]).toEqual([1, 2]);
    expect(second.payload.pid).toBe(first.payload.pid);
    expect(first.log).toContain("Init Duration");
    expect(second.log).not.toContain("Init Duration");
  });

  it("runs several at once", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => invoke("prints")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("waits for a process that is busy rather than for a new one that would take longer", async () => {
    const source = `
      await new Promise((loaded) => setTimeout(loaded, 2000));
      export const handler = async () => process.pid;`;
    await deploy(aws, Role, "burst", source);
    const { payload } = await invoke("burst");
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => invoke("burst")));
    expect(new Set(answers.map((answer) => answer.payload))).toEqual(new Set([payload]));
  });

  it.each([
    ["callback", "called back"],
    ["sync", null],
    ["never", null],
  ])("by %s answers as the runtime does", async (name, payload) => {
    expect(await invoke(name)).toMatchObject({ error: undefined, payload });
  });

  it.each([
    ["throws", "TypeError", "no wind"],
    ["callbackFails", "RangeError", "too much wind"],
    ["rejectsLater", "Runtime.UnhandledPromiseRejection", "unseen"],
    ["crashes", "Error", "out of the loop"],
    ["exits", "Runtime.ExitError", "Runtime exited with error: exit status 3"],
    ["killed", "Runtime.ExitError", "Runtime exited with error: signal: killed"],
    ["slow", "Sandbox.Timedout", "Task timed out after 1.00 seconds"],
    ["spins", "Sandbox.Timedout", "Task timed out after 1.00 seconds"],
    ["large", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"],
    ["circular", "Runtime.MarshalError", "Unable to stringify"],
  ])("of %s fails as %s, and the next one runs", async (name, errorType, message) => {
    for (let i = 0; i < 2; i++) {
      const { status, error, payload } = await invoke(name);
      expect({ status, error }).toEqual({ status: 200, error: "Unhandled" });
      expect(payload).toMatchObject({ errorType, errorMessage: expect.stringContaining(message) });
    }
  });

  it.each([
    ["index.mjs", "export const other = 1", "index.handler", "Runtime.HandlerNotFound"],
    ["index.mjs", "export const handler = {", "index.handler", "Runtime.UserCodeSyntaxError"],
    ["index.mjs", "import 'not-there'; export const handler = 1", "index.handler", "Runtime.ImportModuleError"],
    ["other.mjs", "export const handler = 1", "index.handler", "Runtime.ImportModuleError"],
    ["index.mjs", "throw new Error('at load'); export const handler = 1", "index.handler", "Error"],
  ])("of a package that can't be loaded (%s: %s) fails as it should", async (file, source, Handler, errorType) => {
    const FunctionName = `load-${Math.abs([...(file + source)].reduce((h, c) => (h * 31 + c.charCodeAt(0)) | 0, 7))}`;
    await deploy(aws, Role, FunctionName, "", { Code: { ZipFile: zipped({ [file]: source }) }, Handler });
    expect(await invoke(FunctionName)).toMatchObject({ error: "Unhandled", payload: { errorType } });
  });

  it.each([
    ["lib/index.handler", { "lib/index.js": "exports.handler = async () => 'cjs'" }],
    ["main.run.it", { "main.cjs": "module.exports = { run: { it: async () => 'cjs' } }" }],
    ["app.handler", { "app.js": "export const handler = async () => 'cjs'", "package.json": '{"type":"module"}' }],
  ])("finds the handler %s", async (Handler, files) => {
    const FunctionName = Handler.replaceAll(/\W/g, "-");
    await deploy(aws, Role, FunctionName, "", { Code: { ZipFile: zipped(files as Record<string, string>) }, Handler });
    expect((await invoke(FunctionName)).payload).toBe("cjs");
  });

  it("has Lambda's context and environment, and nothing of the stack's own", async () => {
    process.env.SECRET_OF_THE_OPERATOR = "not for functions";
    const { payload } = await invoke("context");
    delete process.env.SECRET_OF_THE_OPERATOR;
    expect(payload).toMatchObject({
      functionName: "context",
      functionVersion: "$LATEST",
      memoryLimitInMB: "128",
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      logGroupName: "/aws/lambda/context",
      env: {
        AWS_REGION: "us-east-1",
        AWS_LAMBDA_FUNCTION_NAME: "context",
        AWS_ENDPOINT_URL: stack.endpoint,
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x",
      },
    });
    expect(payload.left).toBeGreaterThan(20_000);
    expect(payload.env.SECRET_OF_THE_OPERATOR).toBeUndefined();
    expect(payload.env.NODE_OPTIONS).toBeUndefined();
  });

  it("logs to its group as Lambda does", async () => {
    const { log } = await invoke("prints");
    const id = /START RequestId: (\S+) Version: \$LATEST/.exec(log)?.[1];
    expect(log).toContain(`\t${id}\tINFO\tone\rtwo\n`);
    expect(log).toContain(`\t${id}\tERROR\tbad 7\n`);
    expect(log).toContain("raw\n");
    expect(log).toMatch(new RegExp(`END RequestId: ${id}\nREPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled`));
    const logs = new CloudWatchLogsClient(clientOptions(stack.endpoint));
    await until(async () => {
      const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: "/aws/lambda/prints" }));
      return events?.some(({ message }) => message?.includes(`REPORT RequestId: ${id}`));
    }, "the REPORT line in CloudWatch Logs");
  });

  it("is only checked with DryRun", async () => {
    expect(await invoke("async_", {}, { InvocationType: "DryRun" })).toMatchObject({ status: 204, payload: undefined });
  });

  it.each([
    ["not JSON", Buffer.from("{"), "InvalidRequestContentException"],
    ["too large", Buffer.from(JSON.stringify("x".repeat(6_300_000))), "RequestTooLargeException"],
  ])("with a payload that is %s is refused", async (_, Payload, name) => {
    await expect(aws.lambda.send(new InvokeCommand({ FunctionName: "async_", Payload }))).rejects.toMatchObject({
      name,
    });
  });

  it("beyond the reserved concurrency is throttled", async () => {
    await aws.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: "sync", ReservedConcurrentExecutions: 0 }));
    await expect(invoke("sync")).rejects.toMatchObject({ name: "TooManyRequestsException" });
  });
});

describe("an asynchronous invocation", () => {
  const failing = (times: number) => `
    import { appendFileSync, readFileSync } from "node:fs";
    export const handler = async (event, context) => {
      appendFileSync(process.env.OUT, JSON.stringify({ event, id: context.awsRequestId }) + "\\n");
      if (readFileSync(process.env.OUT, "utf8").split("\\n").length - 1 <= ${times}) throw new Error("calm");
    };`;
  const out = (name: string) => join(stack.stateDir, `${name}.ndjson`);
  const calls = (name: string): any[] =>
    existsSync(out(name))
      ? readFileSync(out(name), "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
  const deployFailing = (name: string, times: number) =>
    deploy(aws, Role, name, failing(times), { Environment: { Variables: { OUT: out(name) } } });
  /** The service's queue with waits of its own. */
  const queueOf = (delays: number[]) => {
    const functions = new Functions(stack.stack, new CodeStore(stack.stack));
    return { functions, queue: new AsyncQueue(stack.stack, functions, delays) };
  };

  it("that fails for good is told to the on-failure destination", async () => {
    await deployFailing("told", 0);
    await deployFailing("always-fails", 99);
    await aws.lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: "always-fails",
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: "arn:aws:lambda:us-east-1:000000000000:function:told" } },
      }),
    );
    expect((await invoke("always-fails", { n: 1 }, { InvocationType: "Event" })).status).toBe(202);
    const [{ event }] = await until(
      () => (calls("told").length > 0 ? calls("told") : undefined),
      "the destination called",
    );
    expect(event).toMatchObject({
      version: "1.0",
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 1 },
      requestPayload: { n: 1 },
      responseContext: { functionError: "Unhandled" },
      responsePayload: { errorType: "Error", errorMessage: "calm" },
    });
  });

  it("is tried three times at most, under one request id", async () => {
    await deployFailing("thrice", 99);
    const { functions, queue } = queueOf([10, 20]);
    queue.add(functions.get("thrice", "us-east-1"), '{"n":2}', "the-id");
    await until(() => calls("thrice").length === 3, "three attempts");
    await queue.close();
    await functions.close();
    expect(calls("thrice")).toEqual(Array(3).fill({ event: { n: 2 }, id: "the-id" }));
  });

  it("that was queued when the stack ended is delivered by the next", async () => {
    await deployFailing("queued", 1);
    const first = queueOf([60_000]);
    first.queue.add(first.functions.get("queued", "us-east-1"), '{"n":3}', "the-id");
    first.queue.stop();
    await first.functions.close();
    await first.queue.close();
    const second = queueOf([10]);
    second.queue.start();
    await until(() => calls("queued").length === 2, "a failure and a success");
    await second.queue.close();
    await second.functions.close();
    expect(new Set(calls("queued").map(({ id }) => id))).toEqual(new Set(["the-id"]));
  });
});
