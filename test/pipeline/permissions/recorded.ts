import { PassThrough } from "node:stream";
import type { MadeCall } from "../../../src/aws/clients.ts";
import { commandName, program } from "../../../src/cli.ts";
import { testContext } from "../provisioned.ts";

/** Runs command lines in this process as the program does, and keeps every call to a service that they make. */
export class Recorded {
  readonly calls: MadeCall[] = [];
  readonly #env: NodeJS.ProcessEnv;
  readonly #cwd: string;

  constructor(env: NodeJS.ProcessEnv, cwd: string) {
    this.#env = env;
    this.#cwd = cwd;
  }

  /** Resolves to what the command returns; one that would go on until Ctrl-C gets that at its first record. */
  async run(line: string, env: NodeJS.ProcessEnv = {}): Promise<any> {
    const interrupt = new AbortController();
    const ctx = testContext({ signal: interrupt.signal });
    const quiet = { update() {}, stop() {} };
    const io = {
      ...ctx.io,
      json: true,
      record: () => line.includes(" --every ") && interrupt.abort(),
      table() {},
      progress: () => quiet,
      confirm: async () => true,
      stdout: new PassThrough(),
    };
    const argv = line.split(" ");
    let result: unknown;
    const root = await program(commandName(argv), async (spec, args, options) => {
      const globals = { ...options, json: true, color: false, verbose: false };
      const onCall = (call: MadeCall) => this.calls.push(call);
      const whole = { ...ctx, io: io as never, env: { ...this.#env, ...env }, cwd: this.#cwd, globals, onCall };
      result = await spec.run!(whole, args, options);
    });
    await root.parseAsync(argv, { from: "user" });
    return result;
  }
}
