import { z } from "zod";
import { usageError } from "../../io/errors/errors.ts";
import { type Step, steps } from "../resource.ts";

export function parseSteps(words: string[]): Step[] {
  const unknown = words.find((word) => !(steps as readonly string[]).includes(word));
  if (unknown !== undefined) throw usageError(`There is no step "${unknown}".`, `Steps: ${steps.join(", ")}.`);
  return words as Step[];
}

export function checkEmails(addresses: string[]): string[] {
  const wrong = addresses.find((address) => !z.email().safeParse(address).success);
  if (wrong !== undefined) throw usageError(`"${wrong}" is no e-mail address.`, "E.g. operator@example.org.");
  return [...new Set(addresses)];
}
