// Builds the Control UI: one small shell, everything heavy in lazy chunks, nothing inline, nothing from another origin.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

export default defineConfig({
  root: here,
  // Relative, so that the gateway may serve it below any base path.
  base: "./",
  define: { __OPENCLAW_VERSION__: JSON.stringify(version) },
  build: {
    target: "es2023",
    outDir: "../dist/ui",
    emptyOutDir: true,
    // The strict content policy allows no data: URLs but for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
