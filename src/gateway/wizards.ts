// Onboarding in steps that any client can draw: choose a provider, give its key, try it, choose a model. One at a time.
import type { Clock, Timer } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import type { Models, ProviderListing } from "../models/models.ts";

export interface WizardStep {
  id: string;
  type: "note" | "select" | "text" | "confirm";
  title?: string;
  message?: string;
  options?: { value: unknown; label: string; hint?: string }[];
  initialValue?: unknown;
  placeholder?: string;
  sensitive?: boolean;
  executor?: "gateway" | "client";
}

export interface WizardView { done: boolean; step?: WizardStep; status: "running" | "done" | "cancelled" | "error"; error?: string }

export interface Wizards {
  start(signal: AbortSignal): Promise<WizardView & { sessionId: string }>;
  next(sessionId: string, answer: { stepId: string; value?: unknown } | undefined, signal: AbortSignal): Promise<WizardView>;
  cancel(sessionId: string): { status: "cancelled" };
  status(sessionId: string): { status: WizardView["status"]; error?: string };
  close(): void;
}

export interface WizardsDeps { clock: Clock; ids: Ids; config: Pick<Config, "set" | "current">; models: Pick<Models, "providers" | "list" | "test"> }

interface Facts { provider?: ProviderListing; model?: string }
interface Running { id: string; step: WizardStep; facts: Facts; error?: string; idle: Timer }

/** A wizard that nobody answers gives its place back. */
const idleMs = 900_000;
const later = "__later__";

export function createWizards(deps: WizardsDeps): Wizards {
  let running: Running | undefined;
  let last: { id: string; status: WizardView["status"]; error?: string } | undefined;

  const end = (status: WizardView["status"], error?: string) => {
    if (!running) return;
    running.idle.cancel();
    last = { id: running.id, status, ...(error === undefined ? {} : { error }) };
    running = undefined;
  };
  const watch = () => deps.clock.after(idleMs, () => end("cancelled"));
  const step = (type: WizardStep["type"], parts: Omit<WizardStep, "id" | "type">): WizardStep => ({ id: deps.ids.uuid(), type, executor: "client", ...parts });

  const askProvider = async (): Promise<WizardStep> => {
    const providers = await deps.models.providers();
    const options = providers.map(({ id, label, configured }) => ({ value: id, label, ...(configured ? { hint: "set up" } : {}) }));
    return step("select", { title: "Model provider", message: "Who answers? It can be changed at any time.", options: [...options, { value: later, label: "Later", hint: "the built-in demo answers until then" }] });
  };

  const askKey = (provider: ProviderListing, wrong?: string): WizardStep =>
    step("text", { title: `${provider.label}: key`, message: wrong ?? `Paste the API key.${provider.keyEnv === undefined ? "" : ` It can also come from ${provider.keyEnv}.`}`, placeholder: provider.keyHint ?? "", sensitive: true });

  const askModel = async (provider: ProviderListing, signal: AbortSignal): Promise<WizardStep | undefined> => {
    const models = (await deps.models.list({ refresh: true }, signal)).filter((model) => model.provider === provider.id);
    if (models.length === 0) return undefined;
    return step("select", { title: "Model", message: "Which model answers by default?", options: models.map((model) => ({ value: `${model.provider}/${model.id}`, label: model.name, hint: model.id })), initialValue: `${models[0]?.provider}/${models[0]?.id}` });
  };

  /** The step after this answer; undefined ends the wizard. */
  const advance = async (wizard: Running, value: unknown, signal: AbortSignal): Promise<WizardStep | undefined> => {
    const { facts } = wizard;
    if (!facts.provider) {
      if (value === later) return undefined;
      const provider = (await deps.models.providers()).find((one) => one.id === value);
      if (!provider) throw fault("request.invalid", { reason: "choose one of the providers" });
      facts.provider = provider;
      return provider.needsKey && provider.keySource !== "environment" ? askKey(provider) : askModel(provider, signal);
    }
    if (wizard.step.type === "text") {
      if (typeof value !== "string" || value.trim() === "") return askKey(facts.provider, "The key is empty. Paste it again.");
      const change = await deps.config.set(`models.providers.${facts.provider.id}.apiKey`, value.trim());
      if (!change.applied) throw fault("config.invalid", { issues: change.issues });
      const tried = await deps.models.test(facts.provider.id, signal);
      return tried.ok ? askModel(facts.provider, signal) : askKey(facts.provider, `The provider did not accept it: ${tried.reason ?? "no reason given"}. Paste another key.`);
    }
    if (typeof value !== "string" || !wizard.step.options?.some((option) => option.value === value)) throw fault("request.invalid", { reason: "choose one of the models" });
    const change = await deps.config.set("agents.defaults.model", value);
    if (!change.applied) throw fault("config.invalid", { issues: change.issues });
    return undefined;
  };

  const known = (sessionId: string): Running => {
    if (running?.id === sessionId) return running;
    if (last?.id === sessionId) throw fault("request.invalid", { reason: "wizard not running" });
    throw fault("wizard.unknown");
  };

  return {
    async start() {
      if (running) throw fault("wizard.running");
      const own: Running = { id: deps.ids.uuid(), step: step("note", {}), facts: {}, idle: watch() };
      running = own;
      try {
        own.step = await askProvider();
      } catch (error) {
        end("error", String(error));
        throw error;
      }
      return { sessionId: own.id, done: false, step: own.step, status: "running" };
    },
    async next(sessionId, answer, signal) {
      const wizard = known(sessionId);
      wizard.idle.cancel();
      wizard.idle = watch();
      // Asking again without an answer, or with one to an earlier step, shows the step as it stands.
      if (!answer || answer.stepId !== wizard.step.id) return { done: false, step: wizard.step, status: "running" };
      const following = await advance(wizard, answer.value, signal);
      if (!following) {
        end("done");
        return { done: true, status: "done" };
      }
      wizard.step = following;
      return { done: false, step: following, status: "running" };
    },
    cancel(sessionId) {
      known(sessionId);
      end("cancelled");
      return { status: "cancelled" };
    },
    status(sessionId) {
      if (running?.id === sessionId) return { status: "running" };
      if (last?.id !== sessionId) throw fault("wizard.unknown");
      return { status: last.status, ...(last.error === undefined ? {} : { error: last.error }) };
    },
    close: () => end("cancelled"),
  };
}
