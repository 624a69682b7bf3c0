import type { KinesisClient } from "@aws-sdk/client-kinesis";

/** One lazily loaded client a service; profile, region and endpoint are resolved before any is built. */
export interface Clients {
  kinesis(): Promise<KinesisClient>;
}
