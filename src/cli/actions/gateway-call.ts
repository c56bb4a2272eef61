// One method call with parameters as they were typed.
import { CallError } from "../../client/call-error.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { failure } from "../failure.ts";
import { scopesOf } from "../scope-option.ts";
import { readValue } from "../value.ts";

const maxInputBytes = 25_000_000;

export async function run(call: CommandCall): Promise<Outcome> {
  const [method = ""] = call.args;
  const { options, terminal } = call;
  const given = options.text("params");
  const text = given === "-" ? await terminal.readInput(maxInputBytes) : given;
  const params = text === undefined ? {} : await readValue(text, "--params");
  const asked = scopesOf(options);
  const connection = await call.gateway(asked.length > 0 ? { scopes: asked } : {});
  try {
    const answer = await connection.call(method, params, { expectFinal: options.flag("expectFinal"), ...(options.flag("expectFinal") && !options.has("timeout") ? { timeoutMs: 0 } : {}) });
    return { json: answer ?? null, text: JSON.stringify(answer ?? null, null, 2) };
  } catch (error) {
    if (!(error instanceof CallError) || error.detailsCode !== "method.unknown") throw error;
    const { nearest } = await import("../../config/check.ts");
    const meant = nearest(method, connection.hello.features.methods);
    throw failure("method.unknown", error.message, meant === undefined ? "docs/protocol/methods.md lists them." : `Did you mean ${meant}?`);
  }
}
