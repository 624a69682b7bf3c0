import type { IncomingHttpHeaders } from "node:http";
import { arn } from "../../../src/aws/partition.ts";
import { decodeCbor } from "../../../src/local/http/protocol/cbor.ts";
import { startProxy } from "../../proxy.ts";

/** A right that a call needs: IAM's action, the resource's ARN. */
export interface Right {
  action: string;
  resource: string;
}

/** Stands for the stream of a call that has nothing but an iterator. */
export const ITERATOR = "(of the iterator)";

const place = { partition: "aws", region: "us-east-1", account: "000000000000" };

/** IAM's action and resource of a request on the wire, as far as the functions, the job and the simulator make them. */
function rights(method: string, url: string, headers: IncomingHttpHeaders, bytes: Buffer): Right[] {
  const target = String(headers["x-amz-target"] ?? "");
  const type = headers["content-type"] ?? "";
  const body = bytes.toString("utf8");
  const at = (service: string, resource: string) => arn(place, service, resource);
  if (target.startsWith("Kinesis_")) {
    const input = type.includes("cbor") ? decodeCbor(bytes, "milliseconds") : JSON.parse(body);
    // Whose stream an iterator is of, it says itself.
    const stream = input.StreamName ?? /stream\/([^/:]+)/.exec(input.StreamARN ?? "")?.[1] ?? ITERATOR;
    return [{ action: `kinesis:${target.split(".")[1]}`, resource: at("kinesis", `stream/${stream}`) }];
  }
  if (target.startsWith("DynamoDB")) {
    const input = JSON.parse(body);
    const tables: string[] = input.TableName ? [input.TableName] : Object.keys(input.RequestItems);
    const index = input.IndexName ? `/index/${input.IndexName}` : "";
    const action = `dynamodb:${target.split(".")[1]}`;
    return tables.map((table) => ({ action, resource: at("dynamodb", `table/${table}${index}`) }));
  }
  const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(url)?.[1];
  if (invoked)
    return [{ action: "lambda:InvokeFunction", resource: at("lambda", `function:${decodeURIComponent(invoked)}`) }];
  const form = new URLSearchParams(body);
  // Everybody may.
  if (form.get("Action") === "GetCallerIdentity") return [];
  if (form.has("Action")) return [{ action: `sns:${form.get("Action")}`, resource: form.get("TopicArn")! }];
  const s3 = { PUT: "s3:PutObject", GET: "s3:GetObject" }[method];
  if (s3) return [{ action: s3, resource: `arn:aws:s3:::${decodeURIComponent(url.split("?")[0]!.slice(1))}` }];
  throw new Error(`${method} ${url} ${target}: no such call is known here`);
}

/** Passes requests on to the stack, and notes what right each needs. */
export async function noting(endpoint: string) {
  const made: Right[] = [];
  const faults: string[] = [];
  const proxy = await startProxy(endpoint);
  proxy.received = ({ method = "", url = "", headers }, body) => {
    try {
      made.push(...rights(method, url, headers, body));
    } catch (error) {
      faults.push((error as Error).message);
    }
  };
  return { made, faults, endpoint: proxy.endpoint, close: () => proxy.close() };
}
