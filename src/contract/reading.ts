/** A reading as it goes onto the stream: the contract's fields, and whatever numbers travel along. */
export interface Reading {
  turbineId: string;
  location: string;
  /** m/s */
  speed: number;
  /** ISO 8601, UTC */
  timestamp: string;
  [more: string]: string | number;
}
