import { randomInt } from "node:crypto";
import { partitionOf } from "../../../aws/partition.ts";
import { AwsError } from "../../errors.ts";
import type { Stack, Store } from "../../service.ts";
import { pageOf, type Tag } from "../../wire-values.ts";
import { AWS_POLICIES } from "./aws-policies.ts";

export interface Role {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: number;
  trust: string;
  description: string;
  maxSession: number;
  boundary: string | undefined;
  tags: Tag[];
  inline: Record<string, string>;
  /** ARNs of managed policies. */
  attached: string[];
}

export interface Policy {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: number;
  updated: number;
  description: string;
  tags: Tag[];
  defaultVersion: string;
  /** Of the newest version. */
  lastVersion: number;
  versions: Record<string, { document: string; created: number }>;
}

export interface InstanceProfile {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: number;
  role: string | undefined;
  tags: Tag[];
}

export class IamState {
  readonly account: string;
  readonly now: () => number;
  readonly roles: Store<Role>;
  readonly policies: Store<Policy>;
  readonly profiles: Store<InstanceProfile>;

  constructor(stack: Stack) {
    this.account = stack.account;
    this.now = () => stack.now();
    this.roles = stack.store<Role>("iam-roles");
    this.policies = stack.store<Policy>("iam-policies");
    this.profiles = stack.store<InstanceProfile>("iam-instance-profiles");
  }

  role(name: string | undefined): Role {
    const role = this.roles.get(name ?? "");
    if (!role) throw noSuch(`The role with name ${name} cannot be found.`);
    return role;
  }

  /** A customer's policy or one of AWS's own. */
  policy(arn: string | undefined): Policy {
    const policy = this.policies.get(arn ?? "") ?? AWS_POLICIES[arn ?? ""];
    if (!policy) throw noSuch(`Policy ${arn} does not exist or is not attachable.`);
    return policy;
  }

  profile(name: string | undefined): InstanceProfile {
    const profile = this.profiles.get(name ?? "");
    if (!profile) throw noSuch(`Instance Profile ${name} cannot be found.`);
    return profile;
  }

  holders(policyArn: string): Role[] {
    return values(this.roles).filter((role) => role.attached.includes(policyArn));
  }

  /** Of the partition that the caller's region is in. */
  arn(region: string, kind: string, path: string, name: string): string {
    return `arn:${partitionOf(region)}:iam::${this.account}:${kind}${path}${name}`;
  }
}

export function values<V>(store: Store<V>): V[] {
  return [...store.entries()].map(([, value]) => value);
}

export function noSuch(message: string): AwsError {
  return new AwsError("NoSuchEntity", message, 404);
}

export function exists(message: string): AwsError {
  return new AwsError("EntityAlreadyExists", message, 409);
}

export function conflict(message: string): AwsError {
  return new AwsError("DeleteConflict", message, 409);
}

/** `AROA…`: a unique id as IAM's, 21 characters. */
export function uniqueId(prefix: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return prefix + Array.from({ length: 17 }, () => alphabet[randomInt(32)]).join("");
}

export function checkName(name: string | undefined, parameter: string, longest: number): string {
  if (name === undefined || !/^[\w+=,.@-]+$/.test(name) || name.length > longest)
    throw new AwsError(
      "ValidationError",
      `The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- (at most ${longest})`,
    );
  return name;
}

export function checkPath(path: string | undefined): string {
  const given = path || "/";
  if (!/^(\/|\/[\x21-\x7e]+\/)$/.test(given) || given.length > 512)
    throw new AwsError(
      "ValidationError",
      `The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.`,
    );
  return given;
}

/** Answers of IAM's lists: `Marker`, `MaxItems` (100), `IsTruncated`. */
export function listPage<T>(
  items: T[],
  input: { Marker?: string; MaxItems?: unknown },
  key: (item: T) => string,
): { items: T[]; IsTruncated: boolean; Marker: string | undefined } {
  const size = input.MaxItems === undefined ? 100 : Number(input.MaxItems);
  const bad = (what: string) => new AwsError("ValidationError", what);
  if (!Number.isInteger(size) || size < 1 || size > 1000)
    throw bad(
      `Value '${input.MaxItems}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000`,
    );
  const page = pageOf(items, { key, size, token: input.Marker, invalid: () => bad(`Invalid Marker: ${input.Marker}`) });
  return { items: page.items, IsTruncated: page.token !== undefined, Marker: page.token };
}

/** IAM sends policies percent-encoded (RFC 3986). */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
