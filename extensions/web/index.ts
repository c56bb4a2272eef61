// Web tools: web_fetch through the guarded outbound client.
import { defineExtension } from "../../src/sdk/extension.ts";
import { createWebFetch } from "./web-fetch.ts";

export default defineExtension((host) => ({ tools: [createWebFetch(host)] }));
