import type { IncomingHttpHeaders } from "node:http";

/**
 * Why a request is turned away before anything reads it, or undefined. The port is on loopback, but a web page in the
 * user's own browser can reach it: by a name that it has rebound to 127.0.0.1 (Host), or across sites (Origin).
 */
export function refusal(headers: IncomingHttpHeaders): string | undefined {
  const host = (headers[":authority"] as string | undefined) ?? headers.host;
  if (host === undefined || !isLoopback(host)) return "The Host header does not name this machine's loopback";
  const { origin } = headers;
  if (origin !== undefined && !isLoopbackOrigin(origin)) return "Requests from other sites are refused (Origin)";
  return undefined;
}

/** `localhost`, names under it (S3's virtual hosts), 127.0.0.0/8 and ::1, with any port. */
function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/([^/]+)$/.exec(origin);
  return match !== null && isLoopback(match[1]!);
}
