import { AwsError } from "../../errors.ts";
import type { Operation } from "../../service.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { type Application, noSuch } from "./model.ts";

/** Tags of applications, by ARN. */
export function applicationTags(lifecycle: Lifecycle): Record<string, Operation> {
  const byArn = (arn: string): Application => {
    for (const [, app] of lifecycle.applications.entries()) if (app.arn === arn) return app;
    throw noSuch(`Resource ${arn} not found`);
  };
  return {
    ListTagsForResource: (input) => ({
      Tags: Object.entries(byArn(input.ResourceARN).tags).map(([Key, Value]) => ({ Key, Value })),
    }),
    TagResource: (input) => {
      const app = byArn(input.ResourceARN);
      const tags = { ...app.tags };
      for (const { Key, Value } of input.Tags ?? []) tags[Key] = Value ?? "";
      if (Object.keys(tags).length > 50)
        throw new AwsError("TooManyTagsException", "Application created with too many tags");
      lifecycle.put({ ...app, tags });
      return {};
    },
    UntagResource: (input) => {
      const app = byArn(input.ResourceARN);
      const gone = new Set<string>(input.TagKeys ?? []);
      lifecycle.put({ ...app, tags: Object.fromEntries(Object.entries(app.tags).filter(([key]) => !gone.has(key))) });
      return {};
    },
  };
}
