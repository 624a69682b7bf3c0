import { randomUUID } from "node:crypto";
import { partitionOf } from "../../../../aws/partition.ts";
import { AwsError } from "../../../errors.ts";
import type { Call, Operation, Stack, Store } from "../../../service.ts";
import { describeStream, type ShardPosition } from "../../kinesis/stream-reader.ts";
import type { Functions } from "../functions.ts";
import { conflict, functionName, invalid, notFound } from "../model.ts";
import { paged } from "../paging.ts";
import type { Mapping } from "./model.ts";
import { Poller } from "./poller.ts";
import { checkSettings } from "./settings.ts";

/** Milliseconds that a mapping stays in a state on its way. */
const SETTLE_MS = 50;

/** The event source mappings: Kinesis streams to functions. */
export class EventSourceMappings {
  #stack: Stack;
  #functions: Functions;
  #store: Store<Mapping>;
  #checkpoints: Store<ShardPosition>;
  #pollers = new Map<string, Poller>();
  #settling = new Map<string, NodeJS.Timeout>();
  #results = new Map<string, string>();
  #closed = false;

  constructor(stack: Stack, functions: Functions) {
    this.#stack = stack;
    this.#functions = functions;
    this.#store = stack.store("lambda-event-source-mappings");
    this.#checkpoints = stack.store("lambda-event-source-checkpoints");
  }

  /** Goes on where the last process ended. */
  start(): void {
    for (const [uuid, mapping] of this.#store.entries()) {
      if (mapping.state === "Enabled") this.#poll(mapping);
      else if (mapping.state !== "Disabled") this.#settleLater(uuid);
    }
  }

  /** Throws `AwsError` ResourceNotFoundException. */
  get(uuid: string): Mapping {
    const mapping = this.#store.get(uuid);
    if (!mapping) throw notFound("The resource you requested does not exist.");
    return mapping;
  }

  put(mapping: Mapping): void {
    this.#store.put(mapping.uuid, mapping);
  }

  readonly operations: Record<string, Operation> = {
    CreateEventSourceMapping: (input, call) => this.#create(input, call),
    GetEventSourceMapping: (input) => this.#configuration(this.get(input.UUID)),
    ListEventSourceMappings: (input, call) => {
      const name = input.FunctionName === undefined ? undefined : functionName(input.FunctionName);
      const all = [...this.#store.entries()]
        .map(([, mapping]) => mapping)
        .filter((mapping) => mapping.region === call.region)
        .filter((mapping) => name === undefined || mapping.functionArn.split(":").at(-1) === name)
        .filter((mapping) => input.EventSourceArn === undefined || mapping.streamArn === input.EventSourceArn)
        .sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
      const { items, next } = paged(all, (mapping) => mapping.uuid, { MaxItems: 100, ...input });
      return { EventSourceMappings: items.map((mapping) => this.#configuration(mapping)), NextMarker: next };
    },
    UpdateEventSourceMapping: async (input, call) => {
      const mapping = this.#stable(input.UUID);
      const enabled = input.Enabled ?? mapping.enabled;
      const state = enabled === mapping.enabled ? "Updating" : enabled ? "Enabling" : "Disabling";
      const next: Mapping = {
        ...mapping,
        functionArn: input.FunctionName
          ? this.#functions.get(input.FunctionName, call.region).arn
          : mapping.functionArn,
        settings: checkSettings(input, mapping.settings),
        enabled,
        state,
        lastModified: this.#stack.now(),
      };
      this.put(next);
      this.#settleLater(mapping.uuid);
      return this.#configuration(next);
    },
    DeleteEventSourceMapping: (input) => {
      const mapping: Mapping = { ...this.#stable(input.UUID), state: "Deleting", lastModified: this.#stack.now() };
      this.put(mapping);
      this.#settleLater(mapping.uuid);
      return this.#configuration(mapping);
    },
  };

  async #create(input: any, call: Call): Promise<object> {
    const streamArn = String(input.EventSourceArn ?? "");
    if (!/^arn:aws[a-zA-Z-]*:kinesis:[a-z0-9-]+:\d{12}:stream\/[\w.-]+$/.test(streamArn)) {
      throw invalid(`Unrecognized event source: ${streamArn || "none"}. The embedded stack reads Kinesis streams.`);
    }
    const settings = checkSettings(input, undefined);
    const startingPosition = input.StartingPosition;
    if (!["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"].includes(startingPosition)) {
      throw invalid(
        `1 validation error detected: Value '${startingPosition}' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]`,
      );
    }
    if (startingPosition === "AT_TIMESTAMP" && !(input.StartingPositionTimestamp instanceof Date)) {
      throw invalid("StartingPositionTimestamp must be specified when StartingPosition is AT_TIMESTAMP");
    }
    const f = this.#functions.get(input.FunctionName, call.region);
    try {
      await describeStream(this.#stack, streamArn);
    } catch (error) {
      if ((error as AwsError).code !== "ResourceNotFoundException") throw error;
      throw invalid(`Stream not found: ${streamArn}`);
    }
    for (const [uuid, other] of this.#store.entries()) {
      if (other.streamArn !== streamArn || other.functionArn !== f.arn) continue;
      throw conflict(
        `The event source arn (" ${streamArn} ") and function (" ${f.name} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${uuid}`,
      );
    }
    const now = this.#stack.now();
    const mapping: Mapping = {
      uuid: randomUUID(),
      region: call.region,
      functionArn: f.arn,
      streamArn,
      state: "Creating",
      enabled: input.Enabled ?? true,
      startingPosition,
      startingAt:
        startingPosition === "LATEST" ? now : (input.StartingPositionTimestamp as Date | undefined)?.getTime(),
      settings,
      lastModified: now,
      tags: input.Tags ?? {},
    };
    this.put(mapping);
    this.#settleLater(mapping.uuid);
    return this.#configuration(mapping);
  }

  /** Throws `AwsError` ResourceInUseException while a change is on its way. */
  #stable(uuid: string): Mapping {
    const mapping = this.get(uuid);
    if (mapping.state === "Enabled" || mapping.state === "Disabled") return mapping;
    throw new AwsError(
      "ResourceInUseException",
      `Cannot update the event source mapping ${uuid} because it is in state ${mapping.state}.`,
    );
  }

  #settleLater(uuid: string): void {
    const settle = () => {
      this.#settling.delete(uuid);
      this.#settle(uuid).catch((error) => this.#stack.log(`event source mapping ${uuid}: ${error.message}`));
    };
    this.#settling.set(uuid, setTimeout(settle, SETTLE_MS));
  }

  async #settle(uuid: string): Promise<void> {
    const poller = this.#pollers.get(uuid);
    await poller?.stop();
    this.#pollers.delete(uuid);
    const mapping = this.#store.get(uuid);
    if (this.#closed || !mapping) return;
    if (mapping.state === "Deleting") {
      for (const [key] of [...this.#checkpoints.entries()])
        if (key.startsWith(`${uuid}/`)) this.#checkpoints.delete(key);
      this.#store.delete(uuid);
      this.#results.delete(uuid);
      return;
    }
    const settled: Mapping = { ...mapping, state: mapping.enabled ? "Enabled" : "Disabled" };
    this.put(settled);
    if (mapping.enabled) this.#poll(settled);
  }

  #poll(mapping: Mapping): void {
    const poller = new Poller({
      stack: this.#stack,
      functions: this.#functions,
      mapping,
      checkpoints: this.#checkpoints,
      processed: (result) => this.#results.set(mapping.uuid, result),
    });
    this.#pollers.set(mapping.uuid, poller);
  }

  #configuration(mapping: Mapping): object {
    return {
      UUID: mapping.uuid,
      EventSourceMappingArn: `arn:${partitionOf(mapping.region)}:lambda:${mapping.region}:${this.#stack.account}:event-source-mapping:${mapping.uuid}`,
      EventSourceArn: mapping.streamArn,
      FunctionArn: mapping.functionArn,
      StartingPosition: mapping.startingPosition,
      StartingPositionTimestamp:
        mapping.startingPosition === "AT_TIMESTAMP" ? new Date(mapping.startingAt!) : undefined,
      ...mapping.settings,
      LastModified: new Date(mapping.lastModified),
      LastProcessingResult: this.#results.get(mapping.uuid) ?? "No records processed",
      State: mapping.state,
      StateTransitionReason: "User action",
    };
  }

  /** Each mapping with its shards' figures: what CloudWatch has on AWS. */
  status(): object[] {
    return [...this.#store.entries()].map(([, mapping]) => ({
      ...this.#configuration(mapping),
      Shards: this.#pollers.get(mapping.uuid)?.status() ?? {},
    }));
  }

  /** Begins no more invocations; those in hand go on until their function ends. */
  stop(): void {
    this.#closed = true;
    for (const timer of this.#settling.values()) clearTimeout(timer);
    for (const poller of this.#pollers.values()) poller.abort();
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.all([...this.#pollers.values()].map((poller) => poller.stop()));
  }
}
