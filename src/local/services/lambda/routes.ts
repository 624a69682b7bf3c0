import type { RestBinding } from "../../service.ts";

const functions = "/2015-03-31/functions";
const mappings = "/2015-03-31/event-source-mappings";
const eventInvoke = "/2019-09-25/functions/{FunctionName}/event-invoke-config";

/** From the service's model: https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html */
export const routes: Record<string, string> = {
  [`POST ${functions}`]: "CreateFunction",
  [`GET ${functions}`]: "ListFunctions",
  [`GET ${functions}/{FunctionName}`]: "GetFunction",
  [`DELETE ${functions}/{FunctionName}`]: "DeleteFunction",
  [`GET ${functions}/{FunctionName}/configuration`]: "GetFunctionConfiguration",
  [`PUT ${functions}/{FunctionName}/configuration`]: "UpdateFunctionConfiguration",
  [`PUT ${functions}/{FunctionName}/code`]: "UpdateFunctionCode",
  [`POST ${functions}/{FunctionName}/invocations`]: "Invoke",
  [`POST ${functions}/{FunctionName}/policy`]: "AddPermission",
  [`GET ${functions}/{FunctionName}/policy`]: "GetPolicy",
  [`DELETE ${functions}/{FunctionName}/policy/{StatementId}`]: "RemovePermission",
  "PUT /2017-10-31/functions/{FunctionName}/concurrency": "PutFunctionConcurrency",
  "DELETE /2017-10-31/functions/{FunctionName}/concurrency": "DeleteFunctionConcurrency",
  "GET /2019-09-30/functions/{FunctionName}/concurrency": "GetFunctionConcurrency",
  [`PUT ${eventInvoke}`]: "PutFunctionEventInvokeConfig",
  [`POST ${eventInvoke}`]: "UpdateFunctionEventInvokeConfig",
  [`GET ${eventInvoke}`]: "GetFunctionEventInvokeConfig",
  [`DELETE ${eventInvoke}`]: "DeleteFunctionEventInvokeConfig",
  "GET /2017-03-31/tags/{Resource}": "ListTags",
  "POST /2017-03-31/tags/{Resource}": "TagResource",
  "DELETE /2017-03-31/tags/{Resource}": "UntagResource",
  [`POST ${mappings}`]: "CreateEventSourceMapping",
  [`GET ${mappings}`]: "ListEventSourceMappings",
  [`GET ${mappings}/{UUID}`]: "GetEventSourceMapping",
  [`PUT ${mappings}/{UUID}`]: "UpdateEventSourceMapping",
  [`DELETE ${mappings}/{UUID}`]: "DeleteEventSourceMapping",
};

export const bindings: Record<string, RestBinding> = {
  Invoke: {
    status: { member: "StatusCode" },
    headers: {
      InvocationType: "X-Amz-Invocation-Type",
      LogType: "X-Amz-Log-Type",
      ClientContext: "X-Amz-Client-Context",
    },
    payload: { member: "Payload", type: "raw" },
    answerHeaders: {
      FunctionError: "X-Amz-Function-Error",
      LogResult: "X-Amz-Log-Result",
      ExecutedVersion: "X-Amz-Executed-Version",
    },
    answerPayload: "Payload",
  },
  CreateFunction: { status: 201 },
  DeleteFunction: { status: 204 },
  AddPermission: { status: 201 },
  RemovePermission: { status: 204 },
  DeleteFunctionConcurrency: { status: 204 },
  DeleteFunctionEventInvokeConfig: { status: 204 },
  TagResource: { status: 204 },
  UntagResource: { status: 204 },
  CreateEventSourceMapping: { status: 202 },
  UpdateEventSourceMapping: { status: 202 },
  DeleteEventSourceMapping: { status: 202 },
};
