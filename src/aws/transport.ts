export { ConfiguredRetryStrategy } from "@smithy/core/retry";
export { NodeHttp2Handler, NodeHttpHandler } from "@smithy/node-http-handler";
