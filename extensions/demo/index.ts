// The built-in demo model: offline, deterministic, so that a newcomer sees streaming, tools and sessions before buying a key.
import { defineExtension } from "../../src/sdk/extension.ts";
import { createDemoProvider } from "./provider.ts";

export default defineExtension((host) => ({ providers: [createDemoProvider(host.clock)] }));
