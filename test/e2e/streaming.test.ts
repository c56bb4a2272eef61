// Every chunk of a model's answer reaches each kind of client before the model says the next one.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { gatewayCommand, openClawConfig, startGateway, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { connectOfficial } from "../fixtures/official-client.ts";

const words = Array.from({ length: 20 }, (_, index) => `word${String(index + 1).padStart(2, "0")} `);
const whole = words.join("").trim();

let models: ModelServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  models = await startModelServer();
  gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) });
});
afterAll(async () => {
  await gateway?.destroy();
  await models?.close();
});

/** Holds back each chunk until `shown` says that the one before is visible. */
async function chunkByChunk(holdKey: string, shown: (count: number) => Promise<void>): Promise<void> {
  for (let count = 1; count <= words.length; count++) {
    models.release(1, holdKey);
    await shown(count);
  }
}

function hold(): string {
  const holdKey = randomUUID();
  models.script({ scenario: { kind: "text", text: words.join(""), chunks: words.length, holdKey } });
  return holdKey;
}

/** Waits until the text seen so far holds the first `count` words. */
function watcher() {
  let text = "";
  let wake = () => {};
  return {
    add(part: string) {
      text += part;
      wake();
    },
    text: () => text,
    async shows(count: number) {
      const expected = words.slice(0, count).join("").trim();
      const giveUp = setTimeout(() => wake(), 10_000);
      const until = performance.now() + 10_000;
      while (!text.trim().startsWith(expected)) {
        if (performance.now() > until) throw new Error(`word ${count} was not shown; seen: ${text}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      clearTimeout(giveUp);
    },
  };
}

describe("[stream.held-chunks] a stream held back chunk by chunk", () => {
  test("arrives through @openclaw/gateway-client as chat deltas", async () => {
    const client = await connectOfficial({ url: gateway.wsUrl, token: gateway.token });
    const holdKey = hold();
    const runId = randomUUID();
    const chats = () => client.events.filter((event) => event.event === "chat" && event.payload.runId === runId);
    await client.request("chat.send", { sessionKey: "main", message: "go", idempotencyKey: runId });
    await chunkByChunk(holdKey, (count) => client.until(() => chats().map((event) => String(event.payload.deltaText ?? "")).join("").includes(words[count - 1]!.trim()), `word ${count}`));
    await client.until(() => chats().some((event) => event.payload.state === "final"), "final");
    const final = chats().find((event) => event.payload.state === "final")!.payload.message as { content: { text: string }[] };
    expect(final.content[0]?.text.trim()).toBe(whole);
    client.stop();
  });

  test("arrives in `openclaw agent --message`", async () => {
    const holdKey = hold();
    const seen = watcher();
    const [program = "", ...rest] = gatewayCommand();
    const child = spawn(program, [...rest, "agent", "--message", "go", "--session-key", "cli-stream"], {
      env: { ...process.env, HOME: gateway.stateDir, OPENCLAW_STATE_DIR: gateway.stateDir, OPENCLAW_CONFIG_PATH: `${gateway.stateDir}/openclaw.json`, OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: gateway.token },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let complaints = "";
    child.stdout.on("data", (part: Buffer) => seen.add(part.toString()));
    child.stderr.on("data", (part: Buffer) => void (complaints += part.toString()));
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await chunkByChunk(holdKey, (count) => seen.shows(count));
    expect(await exited, complaints).toBe(0);
    expect(seen.text().trim()).toBe(whole);
  });

  test("arrives through the openai package on chat completions", async () => {
    const holdKey = hold();
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token });
    const seen = watcher();
    const reading = (async () => {
      const stream = await openai.chat.completions.create({ model: "openclaw", stream: true, stream_options: { include_usage: true }, messages: [{ role: "user", content: "go" }] });
      let finish: string | null = null;
      let usage = 0;
      for await (const chunk of stream) {
        seen.add(chunk.choices[0]?.delta.content ?? "");
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage?.total_tokens ?? usage;
      }
      return { finish, usage };
    })();
    await chunkByChunk(holdKey, (count) => seen.shows(count));
    const ended = await reading;
    expect(ended.finish).toBe("stop");
    expect(ended.usage).toBeGreaterThan(0);
    expect(seen.text().trim()).toBe(whole);
  });

  test("arrives through the openai package on responses", async () => {
    const holdKey = hold();
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token });
    const seen = watcher();
    const reading = (async () => {
      const stream = await openai.responses.create({ model: "openclaw", stream: true, input: "go" });
      const types: string[] = [];
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === "response.output_text.delta") seen.add(event.delta);
      }
      return types;
    })();
    await chunkByChunk(holdKey, (count) => seen.shows(count));
    const types = await reading;
    expect(types.slice(0, 4)).toEqual(["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]);
    expect(types.slice(-4)).toEqual(["response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"]);
    expect(seen.text().trim()).toBe(whole);
  });
});
