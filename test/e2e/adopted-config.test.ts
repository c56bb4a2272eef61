// An existing openclaw.json is used as it is, by the bundle, under an older Node and under today's.
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { openClawConfig, projectRoot, startGateway } from "../fixtures/gateway-process.ts";
import { connectOfficial } from "../fixtures/official-client.ts";

let models: ModelServer;
beforeAll(async () => {
  models = await startModelServer();
});
afterAll(() => models?.close());

/** Every Node on PATH, once per version. */
function nodes(): { path: string; version: string }[] {
  const found = new Map<string, string>();
  for (const path of [process.execPath, ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"))]) {
    if (!existsSync(path)) continue;
    const version = execFileSync(path, ["--version"], { encoding: "utf8" }).trim();
    if (!found.has(version)) found.set(version, path);
  }
  return [...found].map(([version, path]) => ({ path, version }));
}

test("[config.adopt] answers health and one message with the provider's reply, and leaves the file's bytes alone", async () => {
  const versions = nodes();
  console.log(`config.adopt: under ${versions.map((node) => node.version).join(", ")}`);
  for (const node of versions) {
    const source = `// kept as it is\n${JSON.stringify(openClawConfig({ baseUrl: models.baseUrl("openai-chat"), port: 18789 }), null, 2)}\n`;
    const gateway = await startGateway({ config: source, command: [node.path, join(projectRoot, "dist/openclaw.mjs")], env: { PATH: process.env["PATH"] ?? "" } });
    try {
      expect(await (await fetch(`${gateway.url}/health`)).json(), node.version).toEqual({ ok: true, status: "live" });
      const client = await connectOfficial({ url: gateway.wsUrl, token: gateway.token });
      await client.request("chat.send", { sessionKey: "main", message: "hello there", idempotencyKey: "adopt-1" });
      const final = () => client.events.find((event) => event.event === "chat" && event.payload["state"] === "final");
      await client.until(() => final() !== undefined, "the final chat event");
      expect(JSON.stringify(final()?.payload["message"])).toContain("hello there");
      client.stop();
      expect(await readFile(join(gateway.stateDir, "openclaw.json"), "utf8")).toBe(source);
    } finally {
      await gateway.destroy();
    }
  }
});
