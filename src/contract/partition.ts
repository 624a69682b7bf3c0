import { ANOMALY_PARTITIONS } from "./table-schema.ts";

/** `00` … `15` by the turbine's name (FNV-1a), so that a storm over a farm doesn't run into one partition's limit. */
export function partitionOf(turbineId: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(turbineId)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return partitionName(hash % ANOMALY_PARTITIONS);
}

export const partitions = (): string[] => Array.from({ length: ANOMALY_PARTITIONS }, (_, i) => partitionName(i));

const partitionName = (index: number): string => String(index).padStart(2, "0");
