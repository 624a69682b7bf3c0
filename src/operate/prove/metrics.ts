import { PutMetricDataCommand } from "../../aws/cloudwatch.ts";
import { PROOF_METRIC, PROOF_NAMESPACE, proofDimensions } from "../../pipeline/settings/proof-metric.ts";
import type { Session } from "../../pipeline/settings/session.ts";
import type { Proof } from "./prove.ts";

/** 1 or 0 for each proof, and for one that came through the milliseconds of its whole way. */
export async function recordProof({ clients, names }: Pick<Session, "clients" | "names">, proof: Proof): Promise<void> {
  const Dimensions = Object.entries(proofDimensions(names.pipeline)).map(([Name, Value]) => ({ Name, Value }));
  const latency = proof.ok
    ? [{ MetricName: "ProveLatency", Dimensions, Unit: "Milliseconds", Value: total(proof) }]
    : [];
  const cloudwatch = await clients.cloudwatch();
  await cloudwatch.send(
    new PutMetricDataCommand({
      Namespace: PROOF_NAMESPACE,
      MetricData: [{ MetricName: PROOF_METRIC, Dimensions, Value: proof.ok ? 1 : 0 }, ...latency] as never,
    }),
  );
}

const total = ({ hops }: Proof): number => Math.max(0, ...hops.map(({ ms }) => ms));
