import { FilterLogEventsCommand } from "../../aws/logs.ts";
import { printable } from "../../contract/printable.ts";
import { duration } from "../../io/text.ts";
import type { Provisioning } from "../../pipeline/plan/provision.ts";
import { identities, ids } from "../../pipeline/settings/identities.ts";
import { readStatus } from "../status/status.ts";
import type { Hop } from "./prove.ts";

/** What has a hand in each hop: ids of resources (a beginning of them is enough), a log. */
const PARTS: Record<Hop, { resources: string[]; log?: "destination" | "delivery" | "flink" }> = {
  acknowledged: { resources: [ids.inputStream] },
  scored: { resources: [ids.application, ids.role("flink"), ids.outputStream], log: "flink" },
  stored: { resources: [ids.trigger, ids.destinationFunction, ids.role("destination"), ids.table], log: "destination" },
  claimed: { resources: [ids.deliveryFunction, ids.alertTable, ids.schedule], log: "destination" },
  published: { resources: [ids.deliveryFunction, ids.role("delivery"), ids.topic], log: "delivery" },
  inbox: { resources: [ids.subscription(ids.topic, "")] },
};
const BEHIND_MS = 10_000;
const TROUBLE = '?"Not told" ?"Nothing of" ?"ouldn\'t" ?ERROR ?"Task timed out" ?"Runtime exited"';

/** What is found wrong with the parts of a hop that a proof didn't reach; nothing where all looks well. */
export async function diagnose(what: Provisioning, hop: Hop, since: number): Promise<string[]> {
  const { resources, log } = PARTS[hop];
  const [status, trouble] = await Promise.all([
    readStatus(what).catch(() => undefined),
    log && lastTrouble(what, log, since).catch(() => undefined),
  ]);
  const unwell = (status?.resources ?? [])
    .filter(({ id }) => resources.some((part) => id.startsWith(part)))
    .filter(({ state, problem, note }) => state !== "present" || problem !== undefined || note !== undefined)
    .map(({ type, name, state, changes, problem, note }) => {
      const differs = changes.map(({ property, from, to }) => `${property} is ${from ?? "none"}, not ${to}`);
      const details = [...(state === "present" ? [] : [state]), ...differs, problem, note].filter(Boolean).join("; ");
      return `${type} ${name}: ${details}`;
    });
  const lag = hop === "scored" ? status?.flow?.scoringLagMs : hop === "stored" ? status?.flow?.storingLagMs : undefined;
  return [
    ...unwell,
    ...(lag !== undefined && lag > BEHIND_MS ? [`it is ${duration(lag)} behind: give --timeout more than that`] : []),
    ...(trouble ? [`its log says: ${trouble}`] : []),
  ];
}

/** The newest line of the log since then that tells of trouble. */
async function lastTrouble({ pipeline }: Provisioning, part: "destination" | "delivery" | "flink", since: number) {
  const { logGroups } = identities(pipeline);
  const logs = await pipeline.clients.logs();
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: logGroups[part], startTime: since, filterPattern: TROUBLE }),
  );
  const message = events.at(-1)?.message;
  return message && printable(message.trim()).slice(0, 300);
}
