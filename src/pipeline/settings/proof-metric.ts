/** What `prove --every` counts, and the alarm `not-proved` watches. */
export const PROOF_NAMESPACE = "windops";
export const PROOF_METRIC = "ProveSucceeded";
export const proofDimensions = (pipeline: string): Record<string, string> => ({ Pipeline: pipeline });
