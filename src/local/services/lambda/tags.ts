import type { Call, Operation } from "../../service.ts";
import type { EventSourceMappings } from "./event-source/mappings.ts";
import type { Functions } from "./functions.ts";
import { invalid } from "./model.ts";

interface Tagged {
  tags: Record<string, string>;
  put(tags: Record<string, string>): void;
}

/** Tags of functions and event source mappings, by ARN. */
export function tags(functions: Functions, mappings: EventSourceMappings): Record<string, Operation> {
  const resource = (input: any, call: Call): Tagged => {
    const uuid = /:event-source-mapping:([0-9a-f-]{36})$/.exec(input.Resource)?.[1];
    if (uuid) {
      const mapping = mappings.get(uuid);
      return { tags: mapping.tags, put: (next) => mappings.put({ ...mapping, tags: next }) };
    }
    const f = functions.get(input.Resource, call.region);
    return { tags: f.tags, put: (next) => functions.put({ ...f, tags: next }) };
  };
  return {
    ListTags: (input, call) => ({ Tags: resource(input, call).tags }),
    TagResource: (input, call) => {
      const { tags, put } = resource(input, call);
      const next = { ...tags, ...input.Tags };
      if (Object.keys(next).length > 50) throw invalid("Number of tags exceeds resource tag limit.");
      put(next);
      return {};
    },
    UntagResource: (input, call) => {
      const { tags, put } = resource(input, call);
      const gone = new Set([input.tagKeys ?? input.TagKeys ?? []].flat());
      put(Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))));
      return {};
    },
  };
}
