// Onboarding as a conversation in the terminal: choose, paste the key, try it, choose a model.
import * as prompts from "@clack/prompts";
import { apply, isHttpUrl, tryProvider } from "./onboard-apply.ts";
import type { CommandCall, Outcome } from "./command.ts";
import { asksGateway, changeConfig, openGatewayDoor, type Changed } from "./config-access.ts";
import { exitCodes, failure } from "./failure.ts";
import { type Answers, modelName, providerPattern } from "./onboard-plan.ts";
import { knownProviders, type Offer } from "./providers-offer.ts";
import { plain } from "./terminal.ts";

const own = "__own__";
const later = "__later__";
const shownFirst = new Set(knownProviders.map((offer) => offer.id));

/** Throws when it is given up; what was stored until then stays. */
export async function ask(call: CommandCall): Promise<Outcome> {
  prompts.intro("OpenClaw: who answers?");
  const isLive = await asksGateway(call);
  const offers = isLive ? await offersOf(call) : knownProviders;
  const chosen = call.options.text("provider") ?? (await chooseProvider(offers));
  if (chosen === later) {
    prompts.outro("The built-in demo answers until then. Run `openclaw onboard` at any time.");
    return { json: undefined };
  }
  const answers = await askAccess(call, chosen, offers);
  const { changed, answers: isAnswering } = await store(call, answers, isLive);
  const model = answers.model === undefined && changed.isLive ? await chooseModel(call, answers.provider) : modelName(answers);
  if (model !== undefined && answers.model === undefined) await changeConfig(call, [{ path: "agents.defaults.model", value: model, isModelChoice: true }], openGatewayDoor);
  if (!isAnswering) {
    prompts.outro(`${plain(answers.provider)} is stored, but does not answer yet. Try it again: openclaw models test ${plain(answers.provider)}`);
    return { json: undefined };
  }
  prompts.outro(`${plain(answers.provider)} is set up${model === undefined ? "" : ` with ${plain(model)}`}. ${changed.isLive ? 'Talk to it: openclaw agent -m "Hello"' : "Start the gateway: openclaw gateway start"}`);
  return { json: undefined };
}

async function offersOf(call: CommandCall): Promise<readonly Offer[]> {
  const connection = await call.gateway();
  const { providers } = await connection.call<{ providers: { id: string; label: string; needsKey: boolean; keyHint?: string }[] }>("models.authStatus", {});
  const all = providers.map(({ id, label, needsKey, keyHint }) => ({ id, label, needsKey, ...(keyHint === undefined ? {} : { hint: keyHint }) }));
  return [...all.filter((offer) => shownFirst.has(offer.id)), ...all.filter((offer) => !shownFirst.has(offer.id))];
}

async function chooseProvider(offers: readonly Offer[]): Promise<string> {
  return answered(
    await prompts.autocomplete({
      message: "Which provider? Type to search.",
      maxItems: 12,
      options: [
        ...offers.map(({ id, label, hint }) => ({ value: id, label: plain(label), ...(hint === undefined ? {} : { hint: plain(hint) }) })),
        { value: own, label: "Another server", hint: "anything that speaks OpenAI's or Anthropic's API" },
        { value: later, label: "Later", hint: "the built-in demo answers until then" },
      ],
    }),
  );
}

async function askAccess(call: CommandCall, chosen: string, offers: readonly Offer[]): Promise<Answers> {
  const isOwn = chosen === own;
  const provider = isOwn ? answered(await prompts.text({ message: "A short name for it", placeholder: "local", validate: (text) => (providerPattern.test(text ?? "") ? undefined : "Letters, digits, dots and dashes.") })) : chosen;
  const baseUrl = call.options.text("baseUrl") ?? (isOwn ? answered(await prompts.text({ message: "Its address", placeholder: "http://127.0.0.1:8080/v1", validate: (text) => (isHttpUrl(text ?? "") ? undefined : "It begins with http:// or https://.") })) : undefined);
  const model = call.options.text("model") ?? (isOwn ? answered(await prompts.text({ message: "Which model does it serve?", validate: (text) => ((text ?? "").trim() === "" ? "Its id is needed." : undefined) })) : undefined);
  const offer = offers.find((one) => one.id === provider);
  const found = call.machine.env.providerKey(provider)?.reveal();
  const key = isOwn || offer?.needsKey !== false ? await askKey(call, offer?.label ?? provider, found, isOwn) : undefined;
  return { provider, ...(key === undefined ? {} : { key: { value: key } }), ...(baseUrl === undefined ? {} : { baseUrl }), ...(model === undefined ? {} : { model }) };
}

async function askKey(call: CommandCall, label: string, found: string | undefined, isOptional: boolean): Promise<string | undefined> {
  const given = call.options.text("apiKey");
  if (given !== undefined && given !== "-") return given;
  if (found !== undefined && answered(await prompts.confirm({ message: `Use the key of ${plain(label)} in this environment?` }))) return found;
  const key = answered(await prompts.password({ message: `The key of ${plain(label)}${isOptional ? " (empty if it wants none)" : ""}`, validate: (text) => (!isOptional && (text ?? "").trim() === "" ? "Paste the key." : undefined) })).trim();
  return key === "" ? undefined : key;
}

/** Stored, then tried; a key that is refused can be given again. */
async function store(call: CommandCall, answers: Answers, isLive: boolean): Promise<{ changed: Changed; answers: boolean }> {
  const takesKey = knownProviders.find((one) => one.id === answers.provider)?.needsKey !== false;
  for (;;) {
    const changed = await apply(call, answers);
    if (!isLive || call.options.flag("skipTest")) return { changed, answers: true };
    const probe = await tryProvider(call, answers.provider);
    if (probe.ok) {
      prompts.log.success("It answers.");
      return { changed, answers: true };
    }
    prompts.log.warn(`It does not answer: ${plain(probe.reason ?? "no reason given")}`);
    if (!takesKey || !answered(await prompts.confirm({ message: answers.key === undefined ? "Give it a key?" : "Give another key?" }))) return { changed, answers: false };
    const next = await askKey(call, answers.provider, undefined, false);
    if (next !== undefined) answers.key = { value: next };
  }
}

async function chooseModel(call: CommandCall, provider: string): Promise<string | undefined> {
  const connection = await call.gateway();
  const { models } = await connection.call<{ models: { id: string; name: string; provider: string }[] }>("models.list", { refresh: true });
  const options = models.filter((model) => model.provider === provider).map((model) => ({ value: `${model.provider}/${model.id}`, label: plain(model.name), hint: plain(model.id) }));
  if (options.length === 0) return undefined;
  return answered(await prompts.autocomplete({ message: "Which model answers by default? Type to search.", options, maxItems: 12 }));
}

/** Ctrl-C and Escape are an answer, too. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw failure("ABORTED", "Given up; what was stored until now stays.", undefined, exitCodes.interrupted);
  return answer as Exclude<T, symbol>; // a symbol was thrown just above
}
