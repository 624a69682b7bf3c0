import type { AwsError } from "../../errors.ts";
import type { RpcService, Wire } from "../../service.ts";
import { type CborTime, decodeCbor, encodeCbor } from "./cbor.ts";
import { fromJson, toJson } from "./json.ts";
import { ec2Xml, errorXml, parseForm, queryXml } from "./query.ts";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** One wire format: a request's body to an input, and outputs and errors to answers. */
export interface Codec {
  wire: Wire;
  decode(body: Buffer): any;
  answer(output: any, requestId: string): Answer;
  error(error: AwsError, requestId: string): Answer;
}

const errorBody = (error: AwsError) => ({ __type: error.code, message: error.message, ...error.members });

export function jsonCodec(service: Pick<RpcService, "timestamps" | "blobs">, contentType: string): Codec {
  return {
    wire: "json",
    decode: (body) => fromJson(body, service),
    answer: (output) => ({ status: 200, headers: { "content-type": contentType }, body: toJson(output ?? {}) }),
    error: (error) => ({
      status: error.status,
      headers: { "content-type": contentType, "x-amzn-errortype": error.code },
      body: toJson(errorBody(error)),
    }),
  };
}

/**
 * CBOR of the older kind (`application/x-amz-cbor-1.1`, the Java SDK's Kinesis client: timestamps are tag 1 with whole
 * milliseconds) and Smithy RPC v2 CBOR (tag 1 with seconds).
 */
export function cborCodec(wire: "cbor" | "rpc-v2-cbor"): Codec {
  const time: CborTime = wire === "cbor" ? "milliseconds" : "seconds";
  const headers: Record<string, string> =
    wire === "cbor"
      ? { "content-type": "application/x-amz-cbor-1.1" }
      : { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" };
  return {
    wire,
    decode: (body) => (body.length === 0 ? {} : decodeCbor(body, time)),
    answer: (output) => ({ status: 200, headers, body: encodeCbor(output ?? {}, time) }),
    error: (error) => ({
      status: error.status,
      headers: { ...headers, "x-amzn-errortype": error.code },
      body: encodeCbor(errorBody(error), time),
    }),
  };
}

/** Query and EC2: a form in, XML out. */
export function queryCodec(
  service: Pick<RpcService, "namespace" | "timestamps" | "blobs">,
  wire: "query" | "ec2",
  operation: string,
): Codec {
  const headers = { "content-type": "text/xml;charset=UTF-8" };
  const xml = wire === "query" ? queryXml : ec2Xml;
  return {
    wire,
    decode: (body) => {
      const { Action: _action, Version: _version, ...input } = parseForm(body.toString("utf8"), service);
      return input;
    },
    answer: (output, requestId) => ({
      status: 200,
      headers,
      body: xml(operation, output ?? {}, service.namespace ?? "", requestId),
    }),
    error: (error, requestId) => ({
      status: error.status,
      headers,
      body: errorXml(wire, error, service.namespace ?? "", requestId),
    }),
  };
}
