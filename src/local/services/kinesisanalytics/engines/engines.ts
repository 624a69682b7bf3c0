import type { Stack } from "../../../service.ts";
import type { Engine, EngineName } from "./engine.ts";

/** Every engine, loaded when the first application starts. */
export const engines: Partial<Record<EngineName, () => Promise<(stack: Stack) => Engine>>> = {
  embedded: async () => (await import("./embedded/embedded.ts")).embeddedEngine,
  flink: async () => (await import("./flink/flink.ts")).flinkEngine,
};
