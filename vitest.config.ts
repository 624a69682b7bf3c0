import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A shared machine can stall for seconds under real processes, browsers and JVMs: one more try there, and it's reported.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // One more than two cores: much of what these tests do is waiting for processes.
    maxWorkers: 3,
  },
});
