// Devices: who waits, who is in, and what becomes of them.
import type { CommandCall, Outcome } from "../command.ts";
import { confirm } from "../confirm.ts";
import type { Connection } from "../connection.ts";
import { failure, usageFailure } from "../failure.ts";
import { age } from "../format.ts";
import { scopesOf } from "../scope-option.ts";
import { table } from "../table.ts";
import { plain } from "../terminal.ts";

interface Request {
  requestId: string;
  deviceId: string;
  displayName?: string;
  platform?: string;
  role?: string;
  scopes?: string[];
  remoteIp?: string;
  isRepair?: boolean;
  ts: number;
  code?: string;
}

interface Device {
  deviceId: string;
  displayName?: string;
  platform?: string;
  roles?: string[];
  scopes?: string[];
  tokens?: { role: string; revokedAtMs?: number }[];
  approvedVia?: string;
  lastSeenAtMs?: number;
  connected?: boolean;
}

interface Lists {
  pending: Request[];
  paired: Device[];
}

const shortId = 12;

export async function list(call: CommandCall): Promise<Outcome> {
  const { terminal, machine } = call;
  const lists = await read(await call.gateway());
  const now = machine.clock.now();
  const waiting = table(
    terminal,
    [
      { title: "waiting", keep: true, value: (request: Request) => request.requestId.slice(0, shortId) },
      { title: "device", value: (request: Request) => nameOf(request) },
      { title: "asks for", value: (request) => [request.role ?? "operator", ...(request.scopes ?? []).map(shortScope)].join(" ") },
      { title: "from", value: (request) => request.remoteIp ?? "this machine" },
      { title: "since", value: (request) => age(request.ts, now) },
      { title: "words", keep: true, value: (request) => request.code ?? "" },
    ],
    lists.pending,
  );
  const paired = table(
    terminal,
    [
      { title: "paired", value: (device: Device) => nameOf(device) },
      { title: "state", value: (device: Device) => (device.connected ? "connected" : "away"), paint: (device) => (device.connected ? "green" : "dim") },
      { title: "may", value: (device) => [...(device.roles ?? []), ...(device.scopes ?? []).map(shortScope)].join(" ") },
      { title: "seen", value: (device) => age(device.lastSeenAtMs, now) },
      { title: "let in by", value: (device) => shortVia(device.approvedVia ?? "") },
      { title: "id", keep: true, value: (device) => device.deviceId.slice(0, shortId) },
    ],
    lists.paired,
  );
  const hint = lists.pending.length > 0 ? "Compare the words with those on the device, then: openclaw devices approve <waiting>\n" : "";
  const text = [waiting === "" ? "" : `${waiting}${hint}`, paired].filter((part) => part !== "").join("\n");
  return { json: lists, text: text === "" ? "No devices are paired, and none waits." : text };
}

export async function approve(call: CommandCall): Promise<Outcome> {
  const [given] = call.args;
  const isLatest = call.options.flag("latest");
  if (given !== undefined && isLatest) throw usageFailure("give a request or --latest, not both");
  const connection = await call.gateway();
  const { pending } = await read(connection);
  if (given === undefined && !isLatest && pending.length > 1) throw usageFailure(`${pending.length} devices wait`, "Name one of them (openclaw devices list), or take the newest with --latest.");
  const request = given === undefined ? pending.toSorted((a, b) => b.ts - a.ts)[0] : pick(pending, given, (one) => [one.requestId]);
  if (!request) throw failure("pairing.unknown", "No device waits for approval.", "Connect from the device, then repeat this within five minutes.");
  if (!call.json && request.code !== undefined) call.terminal.err(`Words: ${plain(request.code)}\n`);
  const answer = await connection.call("device.pair.approve", { requestId: request.requestId });
  return { json: answer, text: `${nameOf(request)} may connect now as ${[request.role ?? "operator", ...(request.scopes ?? []).map(shortScope)].join(" ")}.` };
}

export async function reject(call: CommandCall): Promise<Outcome> {
  const connection = await call.gateway();
  const request = chosen(pick((await read(connection)).pending, call.args[0] ?? "", (one) => [one.requestId]), "request", call.args[0]);
  return { json: await connection.call("device.pair.reject", { requestId: request.requestId }), text: `${nameOf(request)} was turned away.` };
}

export async function rotate(call: CommandCall): Promise<Outcome> {
  const scopes = scopesOf(call.options);
  const { connection, device, role } = await named(call);
  const answer = await connection.call<{ token?: string }>("device.token.rotate", { deviceId: device.deviceId, role, ...(scopes.length > 0 ? { scopes } : {}) });
  if (!call.json && answer.token !== undefined) call.terminal.err(`The new token of ${nameOf(device)}:\n`);
  return { json: answer, text: answer.token === undefined ? `${nameOf(device)} has a new token; it gets it at its next sign-in.` : answer.token };
}

export async function revoke(call: CommandCall): Promise<Outcome> {
  const { connection, device, role } = await named(call);
  return { json: await connection.call("device.token.revoke", { deviceId: device.deviceId, role }), text: `${nameOf(device)} is no longer approved as ${role}.` };
}

export async function remove(call: CommandCall): Promise<Outcome> {
  const { connection, device } = await named(call);
  await confirm(call, `Remove ${nameOf(device)}?`);
  return { json: await connection.call("device.pair.remove", { deviceId: device.deviceId }), text: `${nameOf(device)} is removed.` };
}

export async function rename(call: CommandCall): Promise<Outcome> {
  const [, label = ""] = call.args;
  if (label.trim() === "") throw usageFailure("the new name is empty");
  const { connection, device } = await named(call);
  return { json: await connection.call("device.pair.rename", { deviceId: device.deviceId, label }), text: `${nameOf(device)} is called ${plain(label)} now.` };
}

async function read(connection: Connection): Promise<Lists> {
  return connection.call<Lists>("device.pair.list", {});
}

async function named(call: CommandCall): Promise<{ connection: Connection; device: Device; role: string }> {
  const [given = ""] = call.args;
  const connection = await call.gateway();
  const { paired } = await read(connection);
  const device = chosen(pick(paired, given, (one) => [one.deviceId, one.displayName ?? ""]), "device", given);
  return { connection, device, role: call.options.text("role") ?? "operator" };
}

/** By a whole id or name, else by the only one that begins so. Throws when several do. */
export function pick<T>(rows: readonly T[], given: string, names: (row: T) => readonly string[]): T | undefined {
  const whole = rows.filter((row) => names(row).includes(given));
  const found = whole.length > 0 ? whole : rows.filter((row) => given !== "" && names(row).some((name) => name.toLowerCase().startsWith(given.toLowerCase())));
  if (found.length > 1) throw usageFailure(`"${given}" could be ${found.length} of them`, `Give more of the id: ${found.map((row) => names(row)[0]?.slice(0, shortId)).join(", ")}`);
  return found[0];
}

function chosen<T>(found: T | undefined, noun: string, given: string | undefined): T {
  if (found === undefined) throw failure("device.unknown", `There is no ${noun} ${plain(given ?? "")}.`, "`openclaw devices list` shows them.");
  return found;
}

function nameOf(one: { displayName?: string; deviceId: string; platform?: string }): string {
  return plain(one.displayName ?? `${one.platform ?? "device"} ${one.deviceId.slice(0, shortId)}`);
}

function shortScope(scope: string): string {
  return scope.replace(/^operator\./, "");
}

function shortVia(via: string): string {
  return via.startsWith("device:") ? `device ${via.slice(7, 7 + shortId)}` : via;
}
