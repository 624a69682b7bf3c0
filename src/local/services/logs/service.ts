import type { RpcService, Stack } from "../../service.ts";
import { eventOperations } from "./events.ts";
import { groupOperations } from "./groups.ts";
import { LogsState } from "./state.ts";

/** CloudWatch Logs. A group keeps its newest 64 MB. */
export function logs(stack: Stack): RpcService {
  const state = new LogsState(stack);
  return {
    kind: "rpc",
    signingNames: ["logs"],
    protocol: "json",
    targetPrefixes: ["Logs_20140328"],
    operations: { ...groupOperations(state), ...eventOperations(state) },
    close: async () => state.close(),
  };
}
