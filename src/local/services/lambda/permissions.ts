import { randomUUID } from "node:crypto";
import type { Operation, Stack } from "../../service.ts";
import { checkDestination } from "./destination.ts";
import type { Functions } from "./functions.ts";
import { conflict, type FunctionRecord, notFound, type Statement } from "./model.ts";
import { checkInteger } from "./validation.ts";

/** The resource policy's operations. */
export function permissions(functions: Functions): Record<string, Operation> {
  const missing = () => notFound("The resource you requested does not exist.");
  return {
    AddPermission: (input, call) => {
      const f = functions.get(input.FunctionName, call.region);
      if (f.policy?.some(({ Sid }) => Sid === input.StatementId)) {
        throw conflict(
          `The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
        );
      }
      const principal = String(input.Principal);
      const condition = {
        ...(input.SourceAccount && { StringEquals: { "AWS:SourceAccount": input.SourceAccount } }),
        ...(input.SourceArn && { ArnLike: { "AWS:SourceArn": input.SourceArn } }),
      };
      const statement: Statement = {
        Sid: input.StatementId,
        Effect: "Allow",
        Principal: principal.endsWith(".amazonaws.com")
          ? { Service: principal }
          : principal === "*"
            ? "*"
            : { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal },
        Action: input.Action,
        Resource: f.arn,
        ...(Object.keys(condition).length > 0 && { Condition: condition }),
      };
      functions.put({ ...f, policy: [...(f.policy ?? []), statement] });
      return { Statement: JSON.stringify(statement) };
    },
    GetPolicy: (input, call) => {
      const f = functions.get(input.FunctionName, call.region);
      if (!f.policy?.length) throw missing();
      return {
        Policy: JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: f.policy }),
        RevisionId: f.revisionId,
      };
    },
    RemovePermission: (input, call) => {
      const f = functions.get(input.FunctionName, call.region);
      const policy = f.policy?.filter(({ Sid }) => Sid !== input.StatementId) ?? [];
      if (policy.length === (f.policy?.length ?? 0)) throw missing();
      functions.put({ ...f, policy });
      return {};
    },
  };
}

/** Settings of asynchronous invocations. */
export function eventInvokeConfigs(functions: Functions, stack: Stack): Record<string, Operation> {
  const answer = (f: FunctionRecord) => {
    if (!f.eventInvoke) throw notFound(`The function ${f.arn}:$LATEST doesn't have an EventInvokeConfig`);
    return {
      LastModified: new Date(f.eventInvoke.lastModified),
      FunctionArn: `${f.arn}:$LATEST`,
      MaximumRetryAttempts: f.eventInvoke.maximumRetryAttempts,
      MaximumEventAgeInSeconds: f.eventInvoke.maximumEventAgeInSeconds,
      DestinationConfig: { OnSuccess: {}, OnFailure: {}, ...f.eventInvoke.destinationConfig },
    };
  };
  const put =
    (keep: boolean): Operation =>
    (input, call) => {
      const f = functions.get(input.FunctionName, call.region);
      const old = keep ? f.eventInvoke : undefined;
      for (const side of ["OnSuccess", "OnFailure"]) {
        checkDestination(input.DestinationConfig?.[side]?.Destination, ["sns", "s3", "lambda"]);
      }
      const attempts = input.MaximumRetryAttempts ?? old?.maximumRetryAttempts;
      const age = input.MaximumEventAgeInSeconds ?? old?.maximumEventAgeInSeconds;
      const next: FunctionRecord = {
        ...f,
        eventInvoke: {
          lastModified: stack.now(),
          maximumRetryAttempts:
            attempts === undefined ? undefined : checkInteger(attempts, "maximumRetryAttempts", 0, 2, 2),
          maximumEventAgeInSeconds:
            age === undefined ? undefined : checkInteger(age, "maximumEventAgeInSeconds", 60, 21_600, 21_600),
          destinationConfig: input.DestinationConfig ?? old?.destinationConfig,
        },
      };
      functions.put(next);
      return answer(next);
    };
  return {
    PutFunctionEventInvokeConfig: put(false),
    UpdateFunctionEventInvokeConfig: put(true),
    GetFunctionEventInvokeConfig: (input, call) => answer(functions.get(input.FunctionName, call.region)),
    DeleteFunctionEventInvokeConfig: (input, call) => {
      const f = functions.get(input.FunctionName, call.region);
      answer(f);
      const { eventInvoke: _, ...rest } = f;
      functions.put({ ...rest, revisionId: randomUUID() });
      return {};
    },
  };
}
