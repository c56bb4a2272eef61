// One method call with parameters as they were typed.
import { isScope } from "../../protocol/scopes.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { readValue } from "../value.ts";

const maxInputBytes = 25_000_000;

export async function run(call: CommandCall): Promise<Outcome> {
  const [method = ""] = call.args;
  const { options, terminal } = call;
  const given = options.text("params");
  const text = given === "-" ? await terminal.readInput(maxInputBytes) : given;
  const params = text === undefined ? {} : await readValue(text, "--params");
  const asked = options.texts("scope");
  const wrong = asked.find((scope) => !isScope(scope));
  if (wrong !== undefined) throw usageFailure(`there is no scope ${wrong}`, "Scopes are operator.read, operator.write, operator.admin, operator.approvals, operator.pairing, …");
  const connection = await call.gateway(asked.length > 0 ? { scopes: asked.filter(isScope) } : {});
  const answer = await connection.call(method, params, { expectFinal: options.flag("expectFinal"), ...(options.flag("expectFinal") && !options.has("timeout") ? { timeoutMs: 0 } : {}) });
  return { json: answer ?? null, text: JSON.stringify(answer ?? null, null, 2) };
}
