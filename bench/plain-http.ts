import { Agent, request } from "node:http";

/** Calls of Kinesis by plain HTTP: no signing, no parsing of records, so that the server and not the client is what is measured. */
export class PlainKinesis {
  readonly #endpoint: URL;
  readonly #agent: Agent;

  constructor(endpoint: string, sockets: number) {
    this.#endpoint = new URL(endpoint);
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets });
  }

  /** The answer's body as text. */
  call(operation: string, input: object): Promise<string> {
    const body = JSON.stringify(input);
    const headers = {
      "content-type": "application/x-amz-json-1.1",
      "content-length": Buffer.byteLength(body),
      "x-amz-target": `Kinesis_20131202.${operation}`,
      "x-amz-date": "20261123T100000Z",
      // Read for its region and service; kinesalite wants one.
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0",
    };
    return new Promise((resolve, reject) => {
      const asked = request(this.#endpoint, { method: "POST", headers, agent: this.#agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("latin1");
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${operation}: ${answer.statusCode} ${text.slice(0, 200)}`));
        });
      });
      asked.on("error", reject).end(body);
    });
  }

  destroy(): void {
    this.#agent.destroy();
  }
}
