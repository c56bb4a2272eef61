// Model providers through pi-ai: every provider it knows, Ollama, and any server that speaks one of its dialects.
import { defineExtension } from "../../src/sdk/extension.ts";
import { createDialects } from "./dialects.ts";
import { systemNetwork } from "./network.ts";
import { createPiProvider } from "./provider.ts";
import { anyVendor, vendors } from "./vendors.ts";

export default defineExtension((host) => {
  const deps = { clock: host.clock, network: systemNetwork, dialects: createDialects() };
  return { providers: [...vendors, anyVendor].map((vendor) => createPiProvider(deps, vendor)) };
});
