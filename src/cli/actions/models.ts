// Models and providers: list, status, choose, test.
import type { CommandCall, Outcome } from "../command.ts";
import { asksGateway, changeConfig, openGatewayDoor } from "../config-access.ts";
import type { Connection } from "../connection.ts";
import { exitCodes, failure, usageFailure } from "../failure.ts";
import { age, tokens } from "../format.ts";
import { withProgress } from "../progress.ts";
import { keyText } from "../provider-key.ts";
import { facts, table } from "../table.ts";
import { plain } from "../terminal.ts";

interface Model {
  id: string;
  name: string;
  provider: string;
  available: boolean;
  contextWindow: number;
  reasoning: boolean;
  input: string[];
  alias?: string;
  tags?: string[];
  unavailableReason?: string;
}

interface Provider {
  id: string;
  label: string;
  configured: boolean;
  needsKey: boolean;
  keySource?: string;
  keyEnv?: string;
  baseUrl?: string;
}

interface Circuit {
  id: string;
  provider: string;
  circuit: string;
  lastFailure?: { at: number; kind: string; reason: string };
  lastSuccessAt?: number;
}

export async function list(call: CommandCall): Promise<Outcome> {
  const { options, terminal } = call;
  const connection = await call.gateway();
  const params = { ...(options.flag("all") ? { view: "all" } : {}), ...(options.flag("refresh") ? { refresh: true } : {}) };
  const answer = await withProgress({ terminal, clock: call.machine.clock, quiet: call.json }, "Asking for models", () => connection.call<{ models: Model[] }>("models.list", params));
  const provider = options.text("provider");
  const models = answer.models.filter((model) => provider === undefined || model.provider === provider);
  const text = table(
    terminal,
    [
      { title: "model", keep: true, value: (model: Model) => `${model.provider}/${model.id}`, paint: (model) => (model.available ? undefined : "dim") },
      { title: "name", value: (model) => `${model.name}${model.tags?.includes("demo") && !/demo/i.test(model.name) ? " (demo)" : ""}` },
      { title: "alias", value: (model) => model.alias ?? "" },
      { title: "context", align: "right", value: (model) => tokens(model.contextWindow) },
      { title: "takes", value: (model) => [...model.input, ...(model.reasoning ? ["thinks"] : [])].join(", ") },
      { title: "", value: (model) => (model.available ? (model.unavailableReason === "cooldown" ? "rests after failures" : "") : "needs a key") },
    ],
    models,
  );
  return { json: { ...answer, models }, text: text === "" ? `No models of ${plain(provider ?? "any provider")}. \`openclaw onboard\` adds one.` : text };
}

export async function status(call: CommandCall): Promise<Outcome> {
  const { options, terminal, machine } = call;
  const connection = await call.gateway();
  const [about, sessions] = await Promise.all([
    connection.call<{ providers: Provider[]; circuits: Circuit[] }>("models.authStatus", {}),
    connection.call<{ defaults: { modelProvider: string | null; model: string | null } }>("sessions.list", { limit: 1 }),
  ]);
  const { modelProvider, model } = sessions.defaults;
  const defaultModel = model === null ? null : `${modelProvider ?? "unknown"}/${model}`;
  const shown = about.providers.filter((provider) => options.flag("all") || provider.configured);
  const now = machine.clock.now();
  const failing = about.circuits.filter((circuit) => circuit.lastFailure !== undefined);
  const text = [
    facts(terminal, [["default model", defaultModel === null ? "none" : `${plain(defaultModel)}${modelProvider === "demo" ? " (the built-in demo; `openclaw onboard` adds a real one)" : ""}`]]),
    table(
      terminal,
      [
        { title: "provider", keep: true, value: (provider: Provider) => provider.id },
        { title: "name", value: (provider) => provider.label },
        { title: "key", value: (provider) => keyText(provider), paint: (provider) => (provider.needsKey && provider.keySource === undefined ? "yellow" : "green") },
        { title: "address", value: (provider) => provider.baseUrl ?? "" },
      ],
      shown,
    ),
    table(
      terminal,
      [
        { title: "last failures", keep: true, value: (circuit: Circuit) => circuit.id },
        { title: "when", value: (circuit) => age(circuit.lastFailure?.at, now) },
        { title: "why", value: (circuit) => circuit.lastFailure?.reason ?? "" },
        { title: "", value: (circuit) => (circuit.circuit === "closed" ? "" : "rested") },
      ],
      failing,
    ),
  ].filter((part) => part !== "").join("\n");
  return { json: { defaultModel, ...about, providers: shown }, text };
}

export async function set(call: CommandCall): Promise<Outcome> {
  const [model = ""] = call.args;
  const agentId = call.options.text("agent");
  if (agentId === undefined && !(await asksGateway(call))) {
    if (!/^[^/\s]+\/\S+$/.test(model)) throw usageFailure(`"${plain(model)}" is not the name of a model`, "It looks like anthropic/claude-sonnet-5: the provider, a slash, its model.");
    const changed = await changeConfig(call, [{ path: "agents.defaults.model", value: model, isModelChoice: true }]);
    return { json: { ok: true, model, applied: false }, text: `${plain(model)} is stored in ${changed.path}; it answers from the gateway's next start. No gateway runs that could say whether there is such a model.` };
  }
  const connection = await call.gateway();
  const { name, found } = await findModel(connection, model);
  if (agentId !== undefined) await connection.call("agents.update", { agentId, model: name });
  else await changeConfig(call, [{ path: "agents.defaults.model", value: name, isModelChoice: true }], openGatewayDoor);
  const warning = found?.available === false ? ` It needs a key: openclaw onboard --provider ${plain(found.provider)}` : "";
  return { json: { ok: true, model: name, ...(agentId === undefined ? {} : { agentId }), available: found?.available ?? true }, text: `${plain(name)} answers from now on${agentId === undefined ? "" : ` for ${plain(agentId)}`}.${warning}` };
}

/** By its name or alias. Throws when no provider could serve it. */
export async function findModel(connection: Connection, model: string): Promise<{ name: string; found?: Model }> {
  const { models } = await connection.call<{ models: Model[] }>("models.list", { view: "all" });
  const found = models.find((one) => `${one.provider}/${one.id}` === model || one.alias === model);
  if (found) return { name: `${found.provider}/${found.id}`, found };
  // A provider with an address of its own may serve models that no list names.
  if (!models.some((one) => model.startsWith(`${one.provider}/`) && model.length > one.provider.length + 1)) throw failure("model.unknown", `There is no model "${plain(model)}".`, "`openclaw models list --all` shows what there is.");
  return { name: model };
}

/** What helps depends on what went wrong: a new key only where the key is the trouble. */
function nextAfter(provider: string, { status, error = "" }: { status: string; error?: string }): string {
  if (error.includes("is not configured")) return "`openclaw models status --all` shows the providers there are; one of your own takes --base-url.";
  if (status === "auth" || error.includes("no credential")) return `Give it a key: openclaw onboard --provider ${provider}`;
  return "Check its address, the network, and whether it runs; `openclaw models status` shows how it is set up.";
}

export async function test(call: CommandCall): Promise<Outcome> {
  const [provider = ""] = call.args;
  const connection = await call.gateway();
  const answer = await withProgress({ terminal: call.terminal, clock: call.machine.clock, quiet: call.json }, `Asking ${plain(provider)}`, () => connection.call<{ status: string; error?: string }>("models.probe", { provider }, { timeoutMs: 60_000 }));
  if (answer.status !== "ok") throw failure("PROVIDER_FAILED", `${plain(provider)} did not answer: ${plain(answer.error ?? "no reason given")}`, nextAfter(plain(provider), answer));
  return { json: { ok: true, ...answer, provider }, text: `${call.terminal.paint("green", "✓")} ${plain(provider)} answers.`, exitCode: exitCodes.ok };
}
