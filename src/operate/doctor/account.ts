import { DescribeLimitsCommand } from "../../aws/kinesis.ts";
import { GetServiceQuotaCommand } from "../../aws/quotas.ts";
import { QUOTAS } from "../../pipeline/permissions/quotas.ts";
import { stream } from "../../pipeline/resources/stream.ts";
import { ids } from "../../pipeline/settings/identities.ts";
import { failed, type Outcome, ok, type Patient } from "./check.ts";

/** Shards that are missing yet against those that are left, and the account's own limits of the rest. */
export async function checkQuotas(patient: Patient): Promise<Outcome> {
  const { pipeline } = await patient.what();
  const { clients, names, settings } = pipeline;
  const [kinesis, quotas] = await Promise.all([clients.kinesis(), clients.quotas()]);
  const streams = [
    stream(pipeline, ids.inputStream, names.inputStream),
    stream(pipeline, ids.outputStream, names.outputStream),
  ];
  const [limits, ...states] = await Promise.all([
    kinesis.send(new DescribeLimitsCommand({})),
    ...streams.map((resource) => resource.read()),
  ]);
  const missing = states.reduce((sum, state) => sum + Math.max(0, settings.shards - (state?.shards ?? 0)), 0);
  const left = (limits.ShardLimit ?? 0) - (limits.OpenShardCount ?? 0);
  const short: string[] = [];
  if (missing > left) short.push(`${missing} more shards are needed, ${left} of ${limits.ShardLimit} are left`);
  const values = await Promise.all(
    QUOTAS.map(async ({ service: ServiceCode, code: QuotaCode }) => {
      const { Quota } = await quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
      return Quota?.Value ?? 0;
    }),
  );
  for (const [i, { what, needed }] of QUOTAS.entries()) {
    if (values[i]! < needed) short.push(`${values[i]} ${what}, ${needed} are needed`);
  }
  const all = [`${left} shards left`, ...QUOTAS.map(({ what }, i) => `${values[i]} ${what}`)].join(", ");
  return short.length === 0 ? ok(all) : failed(short.join("; "), "Ask for more: Service Quotas in the AWS console.");
}
