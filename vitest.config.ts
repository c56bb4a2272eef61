// Test projects: quick unit tests share threads, end-to-end tests get processes of their own.
import { defineConfig } from "vitest/config";

const night = process.env["OPENCLAW_TEST_TIER"] === "night";

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "extensions/**/*.test.ts", "ui/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          pool: "threads",
          isolate: false,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: night ? ["test/**/*.test.ts"] : ["test/**/*.test.ts", "!test/night/**"],
          exclude: ["**/node_modules/**", ...(night ? [] : ["test/night/**"])],
          pool: "forks",
          isolate: true,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
