import { s3Error } from "./errors.ts";

/**
 * Takes apart `aws-chunked` content: `<hex size>[;chunk-signature=…]CRLF <bytes> CRLF … 0[;…]CRLF <trailers> CRLF`.
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html). Signatures are read, not checked.
 * Feed it wire bytes; it yields content bytes without copying them. Throws IncompleteBody.
 */
export class ChunkedDecoder {
  /** Trailing headers, lower case; complete after `end`. */
  readonly trailers = new Map<string, string>();
  #state: "size" | "bytes" | "bytes-end" | "trailers" | "done" = "size";
  #line = "";
  #left = 0;

  *push(wire: Buffer): Generator<Buffer> {
    let at = 0;
    while (at < wire.length) {
      if (this.#state === "bytes") {
        const take = Math.min(this.#left, wire.length - at);
        yield wire.subarray(at, at + take);
        at += take;
        this.#left -= take;
        if (this.#left === 0) this.#state = "bytes-end";
        continue;
      }
      const newline = wire.indexOf(10, at);
      const end = newline < 0 ? wire.length : newline;
      this.#line += wire.toString("latin1", at, end);
      if (this.#line.length > 8192) throw malformed();
      at = end + 1;
      if (newline >= 0) this.#endLine();
    }
  }

  end(): void {
    // Some clients leave out the last CRLF after the terminal chunk.
    if (this.#state === "trailers" && this.#line === "") this.#state = "done";
    if (this.#state !== "done") throw s3Error("IncompleteBody", {}, "The request body terminated unexpectedly");
  }

  #endLine(): void {
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    switch (this.#state) {
      case "size": {
        const hex = line.split(";", 1)[0]!.trim();
        if (!/^[0-9a-fA-F]{1,12}$/.test(hex)) throw malformed();
        this.#left = Number.parseInt(hex, 16);
        this.#state = this.#left === 0 ? "trailers" : "bytes";
        return;
      }
      case "bytes-end":
        if (line !== "") throw malformed();
        this.#state = "size";
        return;
      case "trailers": {
        if (line === "") {
          this.#state = "done";
          return;
        }
        const colon = line.indexOf(":");
        if (colon < 0 || this.trailers.size > 20) throw malformed();
        this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
        return;
      }
      default:
        if (line !== "") throw malformed();
    }
  }
}

function malformed() {
  return s3Error("InvalidRequest", {}, "The aws-chunked content of the request is malformed.");
}
