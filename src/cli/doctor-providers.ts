// The doctor's look at model providers: as the gateway sees them when it runs, else from the file.
import type { CommandCall } from "./command.ts";
import { asksGateway } from "./config-access.ts";
import type { Finding } from "./doctor-checks.ts";
import { describeFailure } from "./failure.ts";
import { peekConfig } from "./config-peek.ts";
import { type ProbeAnswer, probeOf } from "./onboard-apply.ts";
import { keyFinding } from "./provider-key.ts";
import { plain } from "./terminal.ts";

interface Provider {
  id: string;
  configured: boolean;
  needsKey: boolean;
  keySource?: string;
}

const probeTimeoutMs = 60_000;

export async function providerFindings(call: CommandCall): Promise<Finding[]> {
  if (!(await asksGateway(call))) return fromFile(call);
  try {
    return await fromGateway(call);
  } catch (error) {
    const { view } = describeFailure(error);
    return [{ id: "answer", title: "Answer", state: "fail", detail: view.message, ...(view.next === undefined ? {} : { next: view.next }) }];
  }
}

async function fromGateway(call: CommandCall): Promise<Finding[]> {
  const connection = await call.gateway();
  const [{ providers }, status, { defaults }] = await Promise.all([
    connection.call<{ providers: Provider[] }>("models.authStatus", {}),
    connection.call<{ warnings?: string[]; config?: { valid: boolean } }>("status", {}),
    connection.call<{ defaults: { modelProvider: string | null; model: string | null } }>("sessions.list", { limit: 1 }),
  ]);
  const configured = providers.filter((provider) => provider.configured);
  const findings: Finding[] = [{ id: "answer", title: "Answer", state: "ok", detail: `the gateway answers, version ${plain(connection.hello.server.version)}` }];
  // A wrong configuration is the first of them; the check of the file has named its lines.
  const warnings = (status.warnings ?? []).slice(status.config?.valid === false && connection.target.isHome ? 1 : 0);
  for (const warning of warnings) findings.push({ id: "note", title: "Note", state: "warn", detail: plain(warning) });
  if (configured.length === 0) findings.push(noProvider);
  if (defaults.model !== null && defaults.modelProvider !== null) findings.push(...chosenModel(`${defaults.modelProvider}/${defaults.model}`, providers));
  for (const provider of configured) {
    const isMissing = provider.needsKey && provider.keySource === undefined;
    const probe = !isMissing && call.options.flag("deep") ? probeOf(await connection.call<ProbeAnswer>("models.probe", { provider: provider.id }, { timeoutMs: probeTimeoutMs })) : undefined;
    if (isMissing) findings.push(missingKey(provider.id));
    else if (probe?.ok === false) findings.push({ id: `provider.${provider.id}`, title: `Provider ${provider.id}`, state: "fail", detail: plain(probe.reason ?? "does not answer"), next: `Try it by itself, it says what to do: openclaw models test ${provider.id}` });
    else findings.push({ id: `provider.${provider.id}`, title: `Provider ${provider.id}`, state: "ok", detail: probe ? "answers" : keyFinding(provider) });
  }
  return findings;
}

/** The model that answers by default, where nobody serves it. A provider that is set up is looked at for itself. */
export function chosenModel(model: string, providers: readonly Provider[]): Finding[] {
  const [id = ""] = model.split("/");
  const provider = providers.find((one) => one.id === id);
  if (provider?.configured || id === builtIn) return [];
  const about = { id: "model", title: "Default model", state: "fail" } as const;
  if (!provider) return [{ ...about, detail: `${plain(model)} is chosen, and no provider ${plain(id)} is set up`, next: "Choose another: openclaw models set <provider/model>, or add it: openclaw onboard" }];
  const lacksKey = provider.needsKey && provider.keySource === undefined;
  return lacksKey ? [{ ...about, detail: `${plain(model)} is chosen, and ${plain(id)} has no key`, next: `openclaw onboard --provider ${plain(id)}` }] : [];
}

const builtIn = "demo";

/** Without the catalogue: what the file names, and whether a key can be found for it. */
async function fromFile(call: CommandCall): Promise<Finding[]> {
  const { machine } = call;
  const config = await peekConfig(machine);
  const names = config.keys("models.providers");
  if (names.length === 0) return [noProvider];
  return names.map((id): Finding => {
    const at = (field: string) => `models.providers[${JSON.stringify(id)}].${field}`;
    const needsNone = config.text(at("auth")) === "none" || id === "ollama";
    const hasKey = config.text(at("apiKey")) !== undefined || config.text(`${at("apiKey")}.secret`) !== undefined || machine.env.providerKey(id) !== undefined;
    if (!needsNone && !hasKey && config.text(at("baseUrl")) === undefined) return missingKey(id);
    return { id: `provider.${id}`, title: `Provider ${id}`, state: "ok", detail: hasKey ? "has a key" : "needs no key" };
  });
}

const noProvider: Finding = { id: "providers", title: "Providers", state: "warn", detail: "none is set up; the built-in demo answers", next: "Add one: openclaw onboard" };

function missingKey(id: string): Finding {
  return { id: `provider.${id}`, title: `Provider ${id}`, state: "fail", detail: "has no key", next: `openclaw onboard --provider ${id}` };
}
