import type { Stack } from "../../../../service.ts";
import type { Engine } from "../engine.ts";
import { Job } from "./job.ts";
import { jobSettings } from "./settings.ts";

/** Runs the pipeline's job on `src/detect`, in the stack's own process; the uploaded jar isn't looked into. */
export function embeddedEngine(stack: Stack): Engine {
  const jobs = new Set<Job>();
  return {
    name: "embedded",
    start: async (application) => {
      const job = new Job(stack, application, jobSettings(application.properties, application.region));
      await job.begin();
      jobs.add(job);
      return job;
    },
    close: async () => {
      await Promise.all([...jobs].map((job) => job.kill()));
    },
  };
}
