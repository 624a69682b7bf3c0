export { ConfiguredRetryStrategy } from "@smithy/core/retry";
export { NodeHttpHandler } from "@smithy/node-http-handler";
