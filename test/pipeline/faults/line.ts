import type { Clients } from "../../../src/aws/clients.ts";

/** A call as it goes over the wire, each try counted. `nth`: which of the calls of that name, from 1. */
export interface WireCall {
  /** As `Clients` names it. */
  service: string;
  operation: string;
  nth: number;
}

export const callText = ({ service, operation, nth }: WireCall) => `${service}:${operation} #${nth}`;

/** What changes nothing: windops calls it as often as it likes. */
export const isRead = (operation: string) => /^(Get|List|Describe|Head)/.test(operation);

/** windops died. Not an error that anything knows how to go on from. */
class Death extends Error {
  override readonly name = "Death";
}

/**
 * The line between windops and a stack: notes every call, and cuts windops off for good once the call `dieAfter` took effect, as a kill does:
 * its answer never comes and nothing is called after it.
 */
export class Line {
  readonly calls: WireCall[] = [];
  readonly #counts = new Map<string, number>();
  readonly #dieAfter: WireCall | undefined;
  dead = false;

  constructor(dieAfter?: WireCall) {
    this.#dieAfter = dieAfter;
  }

  attach(clients: Clients): void {
    for (const [service, make] of Object.entries(clients) as [string, () => Promise<any>][]) {
      if (service === "destroy") continue;
      const attached = new WeakSet();
      (clients as any)[service] = async () => {
        const client = await make();
        if (!attached.has(client)) {
          attached.add(client);
          // Innermost: around each single request, within the SDK's retries.
          client.middlewareStack.add(this.#middleware(service), { step: "deserialize", priority: "low" });
        }
        return client;
      };
    }
  }

  #middleware(service: string) {
    return (next: (args: unknown) => Promise<unknown>, { commandName = "" }: { commandName?: string }) =>
      async (args: unknown) => {
        if (this.dead) throw new Death();
        const operation = commandName.replace(/Command$/, "");
        const key = `${service}:${operation}`;
        const nth = (this.#counts.get(key) ?? 0) + 1;
        this.#counts.set(key, nth);
        this.calls.push({ service, operation, nth });
        const answer = await next(args);
        const last = this.#dieAfter;
        if (last?.service === service && last.operation === operation && last.nth === nth) this.dead = true;
        if (this.dead) throw new Death();
        return answer;
      };
  }
}
