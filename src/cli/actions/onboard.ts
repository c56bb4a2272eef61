// Onboarding: a provider, its key, a model. Asks in a terminal, or takes everything from options; applies through the gateway that runs, else in the file.
import { keyVariables } from "../../sdk/key-variables.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { asksGateway } from "../config-access.ts";
import { peekConfig } from "../config-peek.ts";
import { failure, usageFailure } from "../failure.ts";
import { apply, isHttpUrl, tryProvider } from "../onboard-apply.ts";
import { type Answers, modelName, providerPattern } from "../onboard-plan.ts";
import { knownProviders } from "../providers-offer.ts";
import { plain } from "../terminal.ts";

const maxKeyBytes = 65_536;

export async function run(call: CommandCall): Promise<Outcome> {
  const isAsking = !call.options.flag("nonInteractive");
  await refuseUnknown(call);
  if (!isAsking) return finish(call, await fromOptions(call));
  if (call.json || !call.terminal.isInTty || !call.terminal.isOutTty) throw usageFailure("there is no terminal to ask in", "Give the answers: openclaw onboard --non-interactive --provider anthropic --api-key -");
  const { ask } = await import("../onboard-dialog.ts");
  return ask(call);
}

async function finish(call: CommandCall, answers: Answers): Promise<Outcome> {
  const changed = await apply(call, answers);
  const probe = changed.isLive && !call.options.flag("skipTest") ? await tryProvider(call, answers.provider) : undefined;
  if (probe?.ok === false) {
    const variable = answers.key !== undefined && "env" in answers.key ? answers.key.env : undefined;
    const isUnset = variable !== undefined && probe.reason?.includes("key is empty") === true;
    const next = isUnset ? `Set ${variable} where the gateway is started, and start it again.` : "Correct it and run this again, or look at `openclaw models status`.";
    throw failure("PROVIDER_FAILED", `${plain(answers.provider)} is stored, but does not answer: ${plain(probe.reason ?? "no reason given")}`, next);
  }
  const model = modelName(answers);
  const json = { ok: true, provider: answers.provider, ...(model === undefined ? {} : { model }), file: changed.path, applied: changed.isLive, tested: probe !== undefined };
  const where = changed.isLive ? "in force now" : `stored in ${changed.path}; it is used from the gateway's next start`;
  return { json, text: `${plain(answers.provider)} is set up${model === undefined ? "" : ` with ${plain(model)}`}: ${where}.${probe ? " It answers." : ""}` };
}

async function fromOptions(call: CommandCall): Promise<Answers> {
  const { options, machine } = call;
  const provider = options.text("provider");
  if (provider === undefined) throw usageFailure("--provider is missing", `Which one: ${knownProviders.map((one) => one.id).join(", ")}, or a name of your own with --base-url`);
  if (!providerPattern.test(provider)) throw usageFailure(`"${provider}" cannot be the name of a provider`, "Use letters, digits, dots and dashes.");
  const [baseUrl, model, api, workspace] = [options.text("baseUrl"), options.text("model"), options.text("api"), options.text("workspace")];
  if (baseUrl !== undefined && !isHttpUrl(baseUrl)) throw usageFailure(`"${baseUrl}" is not an http or https address`);
  const key = await keyOf(call, provider);
  const needsKey = baseUrl === undefined && knownProviders.find((one) => one.id === provider)?.needsKey !== false;
  const [variable] = machine.env.providerKeyNames(provider);
  if (key === undefined && needsKey) throw usageFailure(`${provider} needs a key`, `Give it on standard input (--api-key -)${variable === undefined ? "" : `, in ${variable}`}, or name its variable (--api-key-env).`);
  return {
    provider,
    ...(key === undefined ? {} : { key }),
    ...(model === undefined ? {} : { model }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(api === undefined ? {} : { api }),
    ...(workspace === undefined ? {} : { workspace: machine.env.path(workspace) }),
  };
}

/** A mistyped provider would be stored, and fail much later: what nobody knows needs an address. */
async function refuseUnknown(call: CommandCall): Promise<void> {
  const provider = call.options.text("provider");
  if (provider === undefined || !providerPattern.test(provider) || call.options.has("baseUrl")) return;
  const known = [...Object.keys(keyVariables), ...knownProviders.map((one) => one.id), ...(await peekConfig(call.machine)).keys("models.providers")];
  if (known.includes(provider)) return;
  if (await asksGateway(call)) {
    const { providers } = await (await call.gateway()).call<{ providers: { id: string }[] }>("models.authStatus", {});
    known.push(...providers.map((one) => one.id));
    if (known.includes(provider)) return;
  }
  const { nearest } = await import("../../config/check.ts");
  const meant = nearest(provider, known);
  throw usageFailure(`there is no provider "${provider}"`, `${meant === undefined ? "" : `Did you mean ${meant}? `}A server of your own takes --base-url.`);
}

/** From the option, from standard input, by the name of a variable, else from the provider's own variable. */
async function keyOf(call: CommandCall, provider: string): Promise<NonNullable<Answers["key"]> | undefined> {
  const { options, machine, terminal } = call;
  const [given, name] = [options.text("apiKey"), options.text("apiKeyEnv")];
  if (given !== undefined && name !== undefined) throw usageFailure("--api-key and --api-key-env exclude each other");
  if (name !== undefined) {
    if (!/^[A-Z_][A-Z0-9_]*$/i.test(name)) throw usageFailure(`"${name}" is not the name of a variable`);
    return { env: name };
  }
  const value = given === "-" ? (await terminal.readInput(maxKeyBytes)).trim() : (given?.trim() ?? machine.env.providerKey(provider)?.reveal().trim());
  if (value === "") throw usageFailure("the key is empty");
  return value === undefined ? undefined : { value };
}
