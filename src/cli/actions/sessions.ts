// Conversations: list, reset, delete, shorten, change.
import type { CommandCall, Outcome } from "../command.ts";
import { confirm } from "../confirm.ts";
import { exitCodes, failure, usageFailure } from "../failure.ts";
import { age, count, tokens } from "../format.ts";
import { table } from "../table.ts";
import { plain } from "../terminal.ts";

interface Row {
  key: string;
  kind?: string;
  label?: string;
  derivedTitle?: string;
  updatedAt: number | null;
  model?: string;
  totalTokens?: number;
  contextTokens?: number;
}

const defaultLimit = 50;

export async function list(call: CommandCall): Promise<Outcome> {
  const { options, machine } = call;
  const connection = await call.gateway();
  const wish = { limit: options.whole("limit", 1) ?? defaultLimit, activeMinutes: options.whole("active", 1), agentId: options.text("agent"), search: options.text("search"), includeDerivedTitles: true };
  const answer = await connection.call<{ sessions: Row[]; totalCount?: number }>("sessions.list", Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)));
  if (answer.sessions.length === 0) return { json: answer, text: ["active", "agent", "search"].some((name) => options.has(name)) ? "No conversation is like that; `openclaw sessions` shows all." : 'No conversations. Begin one: openclaw agent -m "Hello"' };
  const now = machine.clock.now();
  const text = table(
    call.terminal,
    [
      { title: "conversation", keep: true, value: (row: Row) => row.key },
      { title: "title", value: (row) => row.label ?? row.derivedTitle ?? "" },
      { title: "last used", value: (row) => age(row.updatedAt, now) },
      { title: "model", value: (row) => row.model ?? "" },
      { title: "tokens", align: "right", value: (row) => (row.totalTokens === undefined ? "" : `${tokens(row.totalTokens)}${row.contextTokens ? ` (${Math.round((100 * row.totalTokens) / row.contextTokens)} %)` : ""}`) },
    ],
    answer.sessions,
  );
  const more = (answer.totalCount ?? 0) - answer.sessions.length;
  return { json: answer, text: `${text}${more > 0 ? `${count(more, "more conversation")}; --limit shows them.\n` : ""}` };
}

export async function reset(call: CommandCall): Promise<Outcome> {
  const [key = ""] = call.args;
  const connection = await call.gateway();
  // The protocol's reset begins a conversation that was not there; a mistyped name should be told.
  await connection.call("sessions.resolve", { key });
  const answer = await connection.call<{ key: string }>("sessions.reset", { key });
  return { json: answer, text: `${plain(answer.key)} starts anew.` };
}

export async function remove(call: CommandCall): Promise<Outcome> {
  await confirm(call, `Delete ${call.args.map(plain).join(", ")}?`);
  const connection = await call.gateway();
  const done: { key: string; deleted: boolean }[] = [];
  for (const key of call.args) done.push(await connection.call<{ key: string; deleted: boolean }>("sessions.delete", { key }));
  const missing = done.filter((one) => !one.deleted).map((one) => plain(one.key));
  const said = done.filter((one) => one.deleted).map((one) => `${plain(one.key)} is deleted.`).join("\n");
  if (missing.length === 0) return { json: { ok: true, sessions: done }, text: said };
  const gone = failure("session.not-found", `No session found: ${missing.join(", ")}`, "List sessions with `openclaw sessions`.");
  if (call.json) return { json: { ok: false, error: { code: gone.code, message: gone.message, next: gone.next }, sessions: done }, exitCode: exitCodes.failed };
  if (said !== "") call.terminal.out(`${said}\n`);
  throw gone;
}

export async function compact(call: CommandCall): Promise<Outcome> {
  const [key = ""] = call.args;
  const connection = await call.gateway();
  const answer = await connection.call<{ key: string; compacted: boolean; reason?: string }>("sessions.compact", { key }, { timeoutMs: 0 });
  return { json: answer, text: answer.compacted ? `${plain(answer.key)} is shortened.` : `${plain(answer.key)} stays as it is${answer.reason === undefined ? "" : `: ${plain(answer.reason)}`}.` };
}

export async function patch(call: CommandCall): Promise<Outcome> {
  const [key = ""] = call.args;
  const fields = { label: "label", model: "model", thinking: "thinkingLevel", verbose: "verboseLevel", usage: "responseUsage" } as const;
  const changes = Object.entries(fields).flatMap(([option, field]) => {
    const value = call.options.text(option);
    return value === undefined ? [] : [[field, value === "" ? null : value] as const];
  });
  if (changes.length === 0) throw usageFailure("there is nothing to change", "Give --label, --model, --thinking, --verbose or --usage.");
  const connection = await call.gateway();
  const answer = await connection.call<{ key: string }>("sessions.patch", { key, ...Object.fromEntries(changes) });
  return { json: answer, text: `${plain(answer.key)} is changed: ${changes.map(([field, value]) => `${field} ${value ?? "cleared"}`).join(", ")}.` };
}
