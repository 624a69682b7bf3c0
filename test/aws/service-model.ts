import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Shape {
  type: string;
  required?: string[];
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  members?: Record<string, string>;
  member?: string;
  key?: string;
  value?: string;
  union?: boolean;
}

interface Model {
  operations: Record<string, string | null>;
  shapes: Record<string, Shape>;
}

const models = new Map<string, Model>();

function load(service: string): Model {
  let model = models.get(service);
  if (!model) {
    model = JSON.parse(readFileSync(join(import.meta.dirname, "service-models", `${service}.json`), "utf8")) as Model;
    models.set(service, model);
  }
  return model;
}

/** What AWS's own model of the service would refuse in a call: a line a fault, none where it is valid. */
export function faults(service: string, operation: string, input: unknown): string[] {
  const model = load(service);
  const shape = model.operations[operation];
  if (shape === undefined) return [`${service} has no operation ${operation}`];
  if (shape === null) return Object.keys(input ?? {}).map((key) => `${operation}: takes no ${key}`);
  return check(model, shape, input, operation);
}

function check(model: Model, name: string, value: unknown, path: string): string[] {
  const shape = model.shapes[name]!;
  switch (shape.type) {
    case "structure":
      return structure(model, shape, value, path);
    case "list": {
      if (!Array.isArray(value)) return [`${path}: no list`];
      const inner = value.flatMap((item, i) => check(model, shape.member!, item, `${path}[${i}]`));
      return [...range(shape, value.length, `${path}: length`), ...inner];
    }
    case "map": {
      const entries = Object.entries(value as object);
      const inner = entries.flatMap(([key, item]) => [
        ...check(model, shape.key!, key, `${path} key`),
        ...check(model, shape.value!, item, `${path}.${key}`),
      ]);
      return [...range(shape, entries.length, `${path}: size`), ...inner];
    }
    case "string":
      return text(shape, value, path);
    case "integer":
    case "long":
      return Number.isInteger(value) ? range(shape, value as number, path) : [`${path}: no whole number`];
    case "double":
    case "float":
      return typeof value === "number" ? range(shape, value, path) : [`${path}: no number`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: no boolean`];
    case "timestamp":
      return value instanceof Date ? [] : [`${path}: no time`];
    case "blob": {
      const bytes = typeof value === "string" ? Buffer.byteLength(value) : (value as Uint8Array).byteLength;
      return range(shape, bytes, `${path}: bytes`);
    }
    default:
      return [`${path}: unknown type ${shape.type}`];
  }
}

function structure(model: Model, shape: Shape, value: unknown, path: string): string[] {
  if (value === null || typeof value !== "object") return [`${path}: no structure`];
  const given = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const keys = given.map(([key]) => key);
  return [
    ...(shape.required ?? []).filter((key) => !keys.includes(key)).map((key) => `${path}: lacks ${key}`),
    ...(shape.union && keys.length !== 1 ? [`${path}: takes exactly one member`] : []),
    ...given.flatMap(([key, inner]) => {
      const member = shape.members?.[key];
      return member === undefined ? [`${path}: takes no ${key}`] : check(model, member, inner, `${path}.${key}`);
    }),
  ];
}

function text(shape: Shape, value: unknown, path: string): string[] {
  if (typeof value !== "string") return [`${path}: no text`];
  const found = range(shape, value.length, `${path}: length`);
  if (shape.enum && !shape.enum.includes(value)) found.push(`${path}: "${value}" is none of ${shape.enum.join(", ")}`);
  if (shape.pattern && !asPattern(shape.pattern).test(value)) found.push(`${path}: "${value}" isn't ${shape.pattern}`);
  return found;
}

/** The services match whole values, whether or not their patterns say so. */
function asPattern(pattern: string): RegExp {
  const source = pattern.replace(/\\p\{(\w+)\}/g, "\\p{$1}");
  try {
    return new RegExp(`^(?:${source})$`, "su");
  } catch {
    return new RegExp(`^(?:${source})$`, "s");
  }
}

function range({ min = -Infinity, max = Infinity }: Shape, value: number, path: string): string[] {
  return value < min || value > max ? [`${path} ${value} isn't within ${min} and ${max}`] : [];
}
