import type { ServiceFactory } from "./service.ts";

/** Every service of the embedded stack, by its name in `Stack.call`. */
export const services: Record<string, () => Promise<ServiceFactory>> = {
  dynamodb: async () => (await import("./dynamodb.ts")).dynamodb,
  kinesis: async () => (await import("./kinesis.ts")).kinesis,
};
