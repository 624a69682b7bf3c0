import type { ServiceFactory } from "../../service.ts";
import { AsyncQueue } from "./async-queue.ts";
import { CodeStore } from "./code.ts";
import { EventSourceMappings } from "./event-source/mappings.ts";
import { Functions } from "./functions.ts";
import { invocations } from "./invoke.ts";
import { eventInvokeConfigs, permissions } from "./permissions.ts";
import { bindings, routes } from "./routes.ts";
import { tags } from "./tags.ts";

/** Lambda: functions in processes of their own, asynchronous invocations, event source mappings. */
export const lambda: ServiceFactory = (stack) => {
  const code = new CodeStore(stack);
  const functions = new Functions(stack, code);
  const queue = new AsyncQueue(stack, functions);
  const mappings = new EventSourceMappings(stack, functions);
  return {
    kind: "rpc",
    signingNames: ["lambda"],
    protocol: "rest-json",
    routes,
    bindings,
    timestamps: ["StartingPositionTimestamp", "LastModified"],
    blobs: ["ZipFile"],
    operations: {
      ...functions.operations,
      ...invocations(functions, queue),
      ...permissions(functions),
      ...eventInvokeConfigs(functions, stack),
      ...tags(functions, mappings),
      ...mappings.operations,
    },
    pages: {
      "event-source-mappings": () => mappings.status(),
      functions: () => functions.processes(),
    },
    // The largest package, in base64.
    bodyLimit: 70 * 2 ** 20,
    started: () => {
      queue.start();
      mappings.start();
    },
    close: async () => {
      queue.stop();
      mappings.stop();
      await functions.close();
      await mappings.close();
      await queue.close();
    },
  };
};
