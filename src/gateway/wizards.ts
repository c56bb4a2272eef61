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

/** What the step asks for; a provider that was chosen stands from the next step on. */
type Asks = { for: "provider" } | { for: "key" | "model"; provider: ProviderListing };
interface Stage { step: WizardStep; asks: Asks }
interface Running { id: string; stage: Stage; idle: Timer; /** The answer that is being worked on. */ advancing?: { stepId: string; view: Promise<WizardView> } }

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

  const askKey = (provider: ProviderListing, wrong?: string): Stage => ({
    asks: { for: "key", provider },
    step: step("text", { title: `${provider.label}: key`, message: wrong ?? `Paste the API key.${provider.keyEnv === undefined ? "" : ` It can also come from ${provider.keyEnv}.`}`, placeholder: provider.keyHint ?? "", sensitive: true }),
  });

  const askModel = async (provider: ProviderListing, signal: AbortSignal): Promise<Stage | undefined> => {
    const models = (await deps.models.list({ refresh: true }, signal)).filter((model) => model.provider === provider.id);
    if (models.length === 0) return undefined;
    const options = models.map((model) => ({ value: `${model.provider}/${model.id}`, label: model.name, hint: model.id }));
    return { asks: { for: "model", provider }, step: step("select", { title: "Model", message: "Which model answers by default?", options, initialValue: options[0]?.value }) };
  };

  /** The stage after this answer; undefined ends the wizard. When it throws, the stage stands as it was and the answer can be given again. */
  const advance = async ({ step: asked, asks }: Stage, value: unknown, signal: AbortSignal): Promise<Stage | undefined> => {
    if (asks.for === "provider") {
      if (value === later) return undefined;
      const provider = (await deps.models.providers()).find((one) => one.id === value);
      if (!provider) throw fault("request.invalid", { reason: "choose one of the providers" });
      return provider.needsKey && provider.keySource !== "environment" ? askKey(provider) : askModel(provider, signal);
    }
    if (asks.for === "key") {
      if (typeof value !== "string" || value.trim() === "") return askKey(asks.provider, "The key is empty. Paste it again.");
      const change = await deps.config.set(`models.providers.${asks.provider.id}.apiKey`, value.trim());
      if (!change.applied) throw fault("config.invalid", { issues: change.issues });
      const tried = await deps.models.test(asks.provider.id, signal);
      return tried.ok ? askModel(asks.provider, signal) : askKey(asks.provider, `The provider did not accept it: ${tried.reason ?? "no reason given"}. Paste another key.`);
    }
    if (typeof value !== "string" || !asked.options?.some((option) => option.value === value)) throw fault("request.invalid", { reason: "choose one of the models" });
    const change = await deps.config.set("agents.defaults.model", value);
    if (!change.applied) throw fault("config.invalid", { issues: change.issues });
    return undefined;
  };

  const shown = (wizard: Running): WizardView => ({ done: false, step: wizard.stage.step, status: "running" });

  const answered = async (wizard: Running, value: unknown, signal: AbortSignal): Promise<WizardView> => {
    const following = await advance(wizard.stage, value, signal);
    if (running !== wizard) throw fault("request.invalid", { reason: "wizard not running" }); // cancelled meanwhile; another one may be at work
    if (!following) {
      end("done");
      return { done: true, status: "done" };
    }
    wizard.stage = following;
    return shown(wizard);
  };

  const known = (sessionId: string): Running => {
    if (running?.id === sessionId) return running;
    if (last?.id === sessionId) throw fault("request.invalid", { reason: "wizard not running" });
    throw fault("wizard.unknown");
  };

  return {
    async start() {
      if (running) throw fault("wizard.running");
      const own: Running = { id: deps.ids.uuid(), stage: { step: step("note", {}), asks: { for: "provider" } }, idle: watch() };
      running = own;
      try {
        own.stage = { step: await askProvider(), asks: { for: "provider" } };
      } catch (error) {
        end("error", String(error));
        throw error;
      }
      return { sessionId: own.id, ...shown(own) };
    },
    async next(sessionId, answer, signal) {
      const wizard = known(sessionId);
      wizard.idle.cancel();
      wizard.idle = watch();
      // Asking again without an answer, or with one to an earlier step, shows the step as it stands.
      if (!answer || answer.stepId !== wizard.stage.step.id) return shown(wizard);
      // The same answer given twice is worked on once.
      if (wizard.advancing?.stepId === answer.stepId) return wizard.advancing.view;
      const view = answered(wizard, answer.value, signal);
      wizard.advancing = { stepId: answer.stepId, view };
      try {
        return await view;
      } finally {
        delete wizard.advancing;
      }
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
