/** What Lambda gives a handler besides the event. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export interface KinesisRecord {
  eventID: string;
  eventSourceARN: string;
  kinesis: {
    sequenceNumber: string;
    partitionKey: string;
    /** Base64. */
    data: string;
    /** Seconds since 1970. */
    approximateArrivalTimestamp: number;
  };
}

export interface KinesisEvent {
  Records: KinesisRecord[];
}

/** Lambda goes on from the first of these. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

export const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
