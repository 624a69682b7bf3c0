import type { IncomingMessage } from "node:http";
import { AwsError } from "../errors.ts";
import type { RpcService, Service } from "../service.ts";
import { type Codec, cborCodec, jsonCodec, queryCodec } from "./protocol/index.ts";
import { matchRoute, restCodec } from "./protocol/rest.ts";

/** Which service a request is for, from its head alone. */
export interface Destination {
  name: string;
  service: Service;
  region: string;
}

/** Services by their names, targets and signing names. */
export class Directory {
  readonly #services: Map<string, Service>;
  readonly #byTarget = new Map<string, string>();
  readonly #bySigning = new Map<string, string>();

  constructor(services: Map<string, Service>) {
    this.#services = services;
    for (const [name, service] of services) {
      for (const prefix of service.targetPrefixes ?? []) this.#byTarget.set(prefix, name);
      for (const signing of service.signingNames) this.#bySigning.set(signing, name);
    }
  }

  /**
   * By `X-Amz-Target`, then the name in the signature's scope (header or presigned query), then, for plain requests
   * without one, S3. Throws `AwsError` for a service that isn't here.
   */
  find(request: IncomingMessage, url: URL): Destination {
    const scope = signatureScope(request, url);
    const region = scope?.region || "us-east-1";
    // Services name files after it.
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(region)) {
      throw new AwsError(
        "InvalidSignatureException",
        `Credential should be scoped to a valid region, not '${region}'.`,
      );
    }
    const target = request.headers["x-amz-target"];
    if (typeof target === "string") {
      const name = this.#byTarget.get(target.slice(0, target.lastIndexOf(".")));
      if (!name) throw unknown(`no service for X-Amz-Target ${target}`);
      return { name, service: this.#services.get(name)!, region };
    }
    const name = scope ? this.#bySigning.get(scope.service) : "s3";
    const service = name === undefined ? undefined : this.#services.get(name);
    if (!service) throw unknown(`no service "${scope?.service ?? "s3"}"`);
    return { name: name!, service, region };
  }

  /** The Query service that has an unsigned request's action. */
  findAction(action: string): { name: string; service: RpcService } | undefined {
    for (const [name, service] of this.#services) {
      const query = service.kind === "rpc" && (service.protocol === "query" || service.protocol === "ec2");
      if (query && Object.hasOwn(service.operations, action)) return { name, service };
    }
    return undefined;
  }
}

const unknown = (what: string) => new AwsError("UnknownOperationException", `The embedded stack has ${what}`);

/** `AKID/20261123/us-east-1/kinesis/aws4_request` from the Authorization header or the presigned query. */
function signatureScope(request: IncomingMessage, url: URL): { region: string; service: string } | undefined {
  const header = request.headers.authorization;
  const credential = (header && /Credential=([^,\s]+)/.exec(header)?.[1]) || url.searchParams.get("X-Amz-Credential");
  if (!credential) return undefined;
  const [region, service] = credential.split("/").slice(-3, -1);
  return service ? { region: region ?? "", service } : undefined;
}

/** Operation and wire format of a request to a service whose calls are operations. */
export function resolveCall(
  service: RpcService,
  request: IncomingMessage,
  url: URL,
  body: Buffer,
): { operation: string; codec: Codec } {
  const { headers } = request;
  const type = headers["content-type"] ?? "";
  if (headers["smithy-protocol"] === "rpc-v2-cbor") {
    const operation = /\/operation\/([^/]+)$/.exec(url.pathname)?.[1] ?? "";
    return { operation, codec: cborCodec("rpc-v2-cbor") };
  }
  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    const operation = target.slice(target.lastIndexOf(".") + 1);
    const codec = type.startsWith("application/x-amz-cbor")
      ? cborCodec("cbor")
      : jsonCodec(service, type.startsWith("application/x-amz-json-1.0") ? type : "application/x-amz-json-1.1");
    return { operation, codec };
  }
  if (service.protocol === "rest-json") {
    const match = matchRoute(service, request.method ?? "GET", url);
    const codec = restCodec(service, match ?? { operation: "", members: {} }, headers);
    return { operation: match?.operation ?? `${request.method} ${url.pathname}`, codec };
  }
  const operation = new URLSearchParams(body.toString("utf8")).get("Action") ?? "";
  return { operation, codec: queryCodec(service, service.protocol === "ec2" ? "ec2" : "query", operation) };
}
