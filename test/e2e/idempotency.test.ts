// One key is one effect: a hundred uses at once, another body, over a kill, and through the OpenAI door.
import { expect, test } from "vitest";
import { freePort, openClawConfig, startGateway, testToken } from "../fixtures/gateway-process.ts";
import { startModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { connectWire } from "../fixtures/wire-client.ts";

const uses = 100;

/** What is wrong when one key is used a hundred times at once, before and after a kill. */
async function misuses(command?: readonly string[]): Promise<{ faults: string[]; cases: number }> {
  const models = await startModelServer({ keep: "summary", keepCount: 10_000 });
  const port = await freePort();
  const config = openClawConfig({ baseUrl: models.baseUrl("openai-chat"), port });
  const faults: string[] = [];
  let cases = 0;
  const options = { config, port, ...(command ? { command } : {}) };
  let gateway = await startGateway(options);
  try {
    const doors: { name: string; method: string; params: (key: string) => Record<string, unknown> }[] = [
      { name: "chat.send", method: "chat.send", params: (key) => ({ sessionKey: "idem", message: `[[scenario:text chunks=3 delay=20 said-${key}]]`, idempotencyKey: key }) },
      { name: "agent", method: "agent", params: (key) => ({ sessionKey: "idem-agent", message: `[[scenario:text chunks=3 delay=20 said-${key}]]`, idempotencyKey: key }) },
    ];
    const asked = (key: string) => models.requests().filter((request) => request.lastUserText.includes(`said-${key}]`)).length;
    for (const door of doors) {
      const key = `idem-${door.method}`;
      const sockets = await Promise.all(Array.from({ length: 10 }, () => connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] })));
      const answers = await Promise.all(Array.from({ length: uses }, async (_, index) => sockets[index % 10]?.request(door.method, door.params(key))));
      cases += uses;
      if (answers.some((answer) => answer?.ok !== true || answer.payload?.["runId"] !== key)) faults.push(`${door.name}: an answer was refused or names another run: ${JSON.stringify(answers.find((answer) => answer?.ok !== true))}`);
      const other = await sockets[0]?.request(door.method, { ...door.params(key), message: "another body" });
      if (other?.ok !== false) faults.push(`${door.name}: another body under the same key was taken`);
      await sockets[0]?.call("agent.wait", { runId: key, timeoutMs: 2_000 });
      if (asked(key) !== 1) faults.push(`${door.name}: the model was asked ${asked(key)} times`);
      for (const socket of sockets) socket.close();
    }
    await gateway.kill();
    gateway = await startGateway({ ...options, stateDir: gateway.stateDir });
    const again = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
    for (const door of doors) {
      const key = `idem-${door.method}`;
      const answers = await Promise.all(Array.from({ length: uses }, () => again.request(door.method, door.params(key))));
      cases += uses;
      if (answers.some((answer) => answer.ok !== true)) faults.push(`${door.name}: refused after a restart: ${JSON.stringify(answers.find((answer) => !answer.ok)?.error)}`);
      if ((await again.request(door.method, { ...door.params(key), message: "another body" })).ok) faults.push(`${door.name}: another body was taken after a restart`);
      if (asked(key) !== 1) faults.push(`${door.name}: after a restart the model was asked ${asked(key)} times`);
      const { messages } = await again.call<{ messages: { role: string }[] }>("chat.history", { sessionKey: door.params(key)["sessionKey"] });
      if (messages.length !== 2) faults.push(`${door.name}: ${messages.length} lines in the transcript instead of 2`);
    }
    again.close();
  } finally {
    await gateway.destroy();
    await models.close();
  }
  return { faults, cases };
}

test(`[R10] ${uses} uses of one key at once, and again after kill -9, give one effect and the first result; another body is refused`, async () => {
  const { faults, cases } = await misuses();
  console.log(`R10: ${cases} uses of 2 keys, one kill`);
  expect(faults).toEqual([]);
});

const mutants: Mutation[] = [
  { name: "keys are forgotten", file: "src/flows/accept.ts", from: "const digest = digestOf(asked);", to: "asked = { ...asked, key: app.ids.uuid() }; const digest = digestOf(asked);" },
  { name: "bodies are not compared", file: "src/flows/accept.ts", from: "if (ticket.digest !== digest) throw", to: "if (ticket.digest !== digest && ticket.digest === \"\") throw" },
];
for (const mutation of mutants) {
  test(`[R10] the check catches a gateway where ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    try {
      expect((await misuses(mutant.command)).faults.length).toBeGreaterThan(0);
    } finally {
      await mutant.remove();
    }
  });
}

test("[R10] the OpenAI door honours Idempotency-Key", async () => {
  const models = await startModelServer();
  const gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) });
  try {
    const ask = (content: string) => fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json", "idempotency-key": "http-1" }, body: JSON.stringify({ model: "openclaw", user: "u1", messages: [{ role: "user", content }] }) });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask("only once").then(async (response) => ({ status: response.status, body: (await response.json()) as { choices: { message: { content: string } }[] } }))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.choices[0]?.message.content))).toEqual(new Set(["echo: only once"]));
    expect(models.requests().length).toBe(1);
    expect((await ask("something else")).status).toBe(409);
  } finally {
    await gateway.destroy();
    await models.close();
  }
});
