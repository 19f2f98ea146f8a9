import { defineConfig } from "vitest/config";

/** Tests over real hosts (`make hosts-up`), run in their network by `make hosts-test`: one at a time, they share them. */
export default defineConfig({
  test: {
    include: ["e2e/hosts/**/*.hosts.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
