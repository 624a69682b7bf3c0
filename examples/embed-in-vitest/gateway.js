import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";

/** Sends readings of a farm on to the pipeline, 500 at a time. The program under test. */
export class Gateway {
  #kinesis;
  #stream;
  #waiting = [];

  constructor({ stream = "WindDataStream", ...client } = {}) {
    this.#kinesis = new KinesisClient(client);
    this.#stream = stream;
  }

  async send({ turbineId, location, speed, timestamp }) {
    const Data = new TextEncoder().encode(JSON.stringify({ turbineId, location, speed, timestamp }));
    this.#waiting.push({ Data, PartitionKey: turbineId });
    if (this.#waiting.length === 500) await this.flush();
  }

  async flush() {
    let records = this.#waiting.splice(0);
    while (records.length > 0) {
      const answer = await this.#kinesis.send(new PutRecordsCommand({ StreamName: this.#stream, Records: records }));
      // PutRecords answers 200 with failed entries: only those go again.
      records = records.filter((_, i) => answer.Records[i].ErrorCode !== undefined);
    }
  }

  close() {
    this.#kinesis.destroy();
  }
}
