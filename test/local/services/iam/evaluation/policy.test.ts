import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conditionsHold } from "../../../../../src/local/services/iam/evaluation/conditions.ts";
import {
  arnMatches,
  evaluate,
  type Statement,
  wildcard,
} from "../../../../../src/local/services/iam/evaluation/policy.ts";

const stream = "arn:aws:kinesis:us-east-1:000000000000:stream/WindDataStream";
const decide = (statements: Partial<Statement>[], action: string, resource = "*", context = {}) =>
  evaluate([{ Statement: statements as Statement[] }], action, resource, context).decision;

describe("a decision", () => {
  const allow = { Effect: "Allow" as const, Action: "kinesis:Put*", Resource: stream };
  it.each<[string, Partial<Statement>[], string, string, string]>([
    ["allowed by wildcard", [allow], "kinesis:PutRecords", stream, "allowed"],
    ["whatever the action's case", [allow], "Kinesis:putrecords", stream, "allowed"],
    ["not for another action", [allow], "kinesis:GetRecords", stream, "implicitDeny"],
    ["not for another resource", [allow], "kinesis:PutRecords", `${stream}2`, "implicitDeny"],
    ["not for everything", [allow], "kinesis:PutRecords", "*", "implicitDeny"],
    [
      "denied first",
      [allow, { Effect: "Deny", Action: "*", Resource: "*" }],
      "kinesis:PutRecord",
      stream,
      "explicitDeny",
    ],
    [
      "NotAction",
      [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }],
      "s3:GetObject",
      "arn:aws:s3:::b/k",
      "allowed",
    ],
    ["NotAction, named", [{ Effect: "Allow", NotAction: "iam:*", Resource: "*" }], "iam:PassRole", "*", "implicitDeny"],
    [
      "NotResource",
      [{ Effect: "Deny", Action: "*", NotResource: stream }],
      "s3:GetObject",
      "arn:aws:s3:::b/k",
      "explicitDeny",
    ],
    [
      "? is one character",
      [{ Effect: "Allow", Action: "s3:?etObject", Resource: "*" }],
      "s3:GetObject",
      "x",
      "allowed",
    ],
    ["nothing", [], "s3:GetObject", "*", "implicitDeny"],
  ])("%s", (_, statements, action, resource, expected) => {
    expect(decide(statements, action, resource)).toBe(expected);
  });

  it("fills in policy variables, and matches nothing without a value", () => {
    const own = [{ Effect: "Allow" as const, Action: "s3:*", Resource: `arn:aws:s3:::b/\${aws:username}/*` }];
    expect(decide(own, "s3:GetObject", "arn:aws:s3:::b/ann/x", { "aws:username": "ann" })).toBe("allowed");
    expect(decide(own, "s3:GetObject", "arn:aws:s3:::b/bob/x", { "aws:username": "ann" })).toBe("implicitDeny");
    expect(decide(own, "s3:GetObject", "arn:aws:s3:::b/ann/x")).toBe("implicitDeny");
  });
});

describe("conditions", () => {
  it.each<[string, Record<string, Record<string, string | string[]>>, Record<string, string | string[]>, boolean]>([
    ["one of several values", { StringEquals: { k: ["a", "b"] } }, { K: "b" }, true],
    ["no value", { StringEquals: { k: "a" } }, {}, false],
    ["no value, if exists", { StringEqualsIfExists: { k: "a" } }, {}, true],
    ["negation of all", { StringNotEquals: { k: ["a", "b"] } }, { k: "b" }, false],
    ["negation without value", { StringNotEquals: { k: "a" } }, {}, true],
    ["pattern", { StringLike: { k: "wind*" } }, { k: "windops" }, true],
    ["ARN pattern", { ArnLike: { k: "arn:aws:sns:*:1:*" } }, { k: "arn:aws:sns:us-east-1:1:t" }, true],
    ["truth", { Bool: { k: "false" } }, { k: "false" }, true],
    ["numbers", { NumericLessThanEquals: { k: "10" } }, { k: "10" }, true],
    ["dates", { DateGreaterThan: { k: "2026-01-01T00:00:00Z" } }, { k: "2026-11-23T00:00:00Z" }, true],
    ["address block", { IpAddress: { k: "10.0.0.0/8" } }, { k: "10.1.2.3" }, true],
    ["outside of the block", { NotIpAddress: { k: "10.0.0.0/8" } }, { k: "10.1.2.3" }, false],
    ["absent", { Null: { k: "true" } }, {}, true],
    ["all of the values", { "ForAllValues:StringEquals": { k: ["a", "b"] } }, { k: ["a", "c"] }, false],
    ["any of the values", { "ForAnyValue:StringEquals": { k: ["a", "b"] } }, { k: ["a", "c"] }, true],
    ["two operators", { Bool: { k: "true" }, StringEquals: { l: "x" } }, { k: "true", l: "y" }, false],
    ["an operator that nobody knows", { StringSortOf: { k: "a" } }, { k: "a" }, false],
  ])("%s", (_, condition, context, expected) => {
    expect(conditionsHold(condition, context, new Set())).toBe(expected);
  });
});

describe("patterns", () => {
  it("don't let a star reach over an ARN's colons before the resource", () => {
    expect(arnMatches("arn:aws:sns:*:1:t", "arn:aws:sns:us-east-1:2:x:1:t")).toBe(false);
    expect(arnMatches("arn:aws:logs:*:*:log-group:/aws/*", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/f:*")).toBe(
      true,
    );
  });

  it("are what the regular expression is that they stand for", () => {
    const piece = fc.constantFrom("a", "b", "*", "?", "ab");
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.constantFrom("a", "b", "c")), (pattern, text) => {
        const expression = new RegExp(`^${pattern.join("").replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(wildcard(pattern.join(""), text.join(""))).toBe(expression.test(text.join("")));
      }),
    );
  });

  it("take no time even where a backtracking one would", () => {
    expect(wildcard(`${"a*".repeat(60)}b`, "a".repeat(5000))).toBe(false);
  });
});
