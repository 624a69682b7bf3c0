import { request } from "node:http";
import type { StackState } from "./state.ts";

/** What a stack says of itself: `instance` is that of its state file if it is the one that the file names. */
export type Health = { instance?: string } & Record<string, unknown>;

/**
 * The health of the stack on a port, undefined where nothing answers like one. By node:http, because every local command begins with
 * it: the first `fetch` of a process loads a client of its own, which took a third of such a command's time.
 */
export function healthOn({ port }: Pick<StackState, "port">): Promise<Health | undefined> {
  return new Promise((resolve) => {
    const nothing = () => resolve(undefined);
    const asked = request(
      { host: "127.0.0.1", port, path: "/_windops/health", agent: false, timeout: 2_000 },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("error", nothing).on("end", () => {
          try {
            resolve(JSON.parse(text));
          } catch {
            nothing();
          }
        });
      },
    );
    // Also where the stack accepts and then says nothing.
    asked.on("timeout", () => asked.destroy(new Error("no answer in time"))).on("error", nothing);
    asked.end();
  });
}
