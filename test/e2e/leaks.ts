import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file below `folder`, its name and what is in it. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name}\n${readFileSync(join(parentPath, name), "latin1")}`);
}

/** Texts that hold one of the secrets as it is, in hexadecimal, percent-encoded or in base64 at any offset: named, cut short. */
export function leaks(texts: string[], secrets: Record<string, string>): string[] {
  return Object.entries(secrets).flatMap(([what, secret]) => {
    const wanted = forms(secret);
    return texts
      .filter((text) => wanted.some((form) => text.includes(form)))
      .map((text) => `${what}: ${text.slice(0, 200)}`);
  });
}

function forms(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.from("?".repeat(offset) + secret).toString("base64");
    // The first and last characters depend on what stands around the secret.
    return text.slice(offset === 0 ? 0 : offset + 1, -4);
  });
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString("hex"), ...base64];
}
