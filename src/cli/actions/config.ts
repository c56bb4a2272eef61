// The configuration: read, set, unset, check.
import { Fault } from "../../base/faults.ts";
import type { ConfigView } from "../../config/config.ts";
import { redactionMark } from "../../config/snapshot.ts";
import { formatPath, isMap, parsePath as readPath, type Path, valueAt } from "../../config/path.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { changeConfig, fileDoor, openConfigDoor, type Changed } from "../config-access.ts";
import { exitCodes, failure, issueLines, usageFailure } from "../failure.ts";
import { plainLines } from "../terminal.ts";
import { readLoose } from "../value.ts";

const maxValueBytes = 1_000_000;

export async function get(call: CommandCall): Promise<Outcome> {
  const [path] = call.args;
  const steps = path === undefined ? [] : parsePath(path);
  const door = await openConfigDoor(call);
  try {
    const view = await door.view();
    const document = call.options.flag("stored") ? view.parsed : view.config;
    if (path === undefined) return { json: document, text: JSON.stringify(document, null, 2) };
    const value = valueAt(document, steps);
    if (value === undefined) throw failure("CONFIG_PATH", `${path} is not set.`, (await nearestPath(document, steps)) ?? "`openclaw config get` shows what is set, `openclaw config schema` what can be.");
    return { json: value, text: typeof value === "object" ? JSON.stringify(value, null, 2) : plainLines(String(value)) };
  } finally {
    await door.close();
  }
}

export async function set(call: CommandCall): Promise<Outcome> {
  const [path = "", given] = call.args;
  parsePath(path);
  const isFromInput = given === "-" || (given === undefined && !call.terminal.isInTty);
  const text = isFromInput ? (await call.terminal.readInput(maxValueBytes)).replace(/\r?\n$/, "") : given;
  if (text === undefined || (given === undefined && text === "")) throw usageFailure("a value is missing", `Give it after the path, or on standard input: … | openclaw config set ${path} -`);
  const value = call.options.flag("string") ? text : await readLoose(text);
  const change = await changeConfig(call, [{ path, value }]);
  // The file keeps a secret's name: a new value changes the vault, and not the file.
  const isNewSecret = change.changed.length === 0 && typeof value === "string" && value !== redactionMark && (await isSecret(call, path));
  return done(isNewSecret ? { ...change, changed: [path] } : change, path);
}

export async function unset(call: CommandCall): Promise<Outcome> {
  const [path = ""] = call.args;
  parsePath(path);
  const change = await changeConfig(call, [{ path, value: undefined }]);
  return change.changed.length === 0 ? { ...done(change, path), text: `${path} is not set; nothing was changed.` } : done(change, path);
}

async function isSecret(call: CommandCall, path: string): Promise<boolean> {
  const door = await openConfigDoor(call);
  try {
    const stored = valueAt((await door.view()).parsed, parsePath(path));
    return isMap(stored) && typeof stored["secret"] === "string";
  } finally {
    await door.close();
  }
}

/** A wrong path is the caller's mistake. */
function parsePath(text: string): Path {
  try {
    return readPath(text);
  } catch (error) {
    if (error instanceof Fault) throw usageFailure(error.message, "A path looks like gateway.port or agents.list[0].name.");
    throw error;
  }
}

function done(change: Changed, path: string): Outcome {
  const needsRestart = change.restartRequired.length > 0;
  const state = change.isLive ? (needsRestart ? "; it takes a restart: openclaw gateway restart" : " and in force.") : ` in ${change.path}.`;
  const text = change.changed.length === 0 ? `${path} was so already.` : `${path} is changed${state}`;
  return { json: { ok: true, file: change.path, changed: change.changed, applied: change.isLive, restartRequired: change.restartRequired }, text };
}

export async function file(call: CommandCall): Promise<Outcome> {
  const location = await call.machine.location();
  const exists = (await call.machine.disk.stat(location.path)) !== undefined;
  return { json: { path: location.path, format: location.format, exists, ...(location.shadowed === undefined ? {} : { notRead: location.shadowed }) }, text: location.path };
}

/** The file as the gateway would read it at its next start. */
export async function validate(call: CommandCall): Promise<Outcome> {
  const view = await readFile(call);
  const notes = [...issueLines(view.warnings), ...issueLines(view.legacyIssues)];
  if (view.issues.length === 0) {
    const text = `${view.path} ${view.exists ? "is valid" : "does not exist; defaults are used"}.${notes.length > 0 ? `\nNotes:\n${notes.join("\n")}` : ""}`;
    return { json: { ok: true, path: view.path, exists: view.exists, issues: [], warnings: view.warnings, legacyIssues: view.legacyIssues }, text };
  }
  const message = `${view.path} has ${view.issues.length === 1 ? "an error" : `${view.issues.length} errors`}.`;
  const next = "Correct the file; `openclaw config schema` shows what is allowed.";
  if (!call.json) throw failure("config.invalid", [message, ...issueLines(view.issues)].join("\n"), next);
  return { json: { ok: false, error: { code: "config.invalid", message, next }, path: view.path, issues: view.issues, warnings: view.warnings, legacyIssues: view.legacyIssues }, exitCode: exitCodes.failed };
}

export type FileReading = Pick<ConfigView, "path" | "exists" | "issues" | "warnings" | "legacyIssues">;

/** A file that cannot be parsed at all is a reading with one issue. */
export async function readFile(call: Pick<CommandCall, "machine" | "version">): Promise<FileReading> {
  try {
    const door = await fileDoor(call.machine, call.version);
    const view = await door.view();
    await door.close();
    return view;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "config.invalid") throw error;
    const { issues } = error.details;
    return { path: (await call.machine.location()).path, exists: true, issues: Array.isArray(issues) ? (issues as ConfigView["issues"]) : [], warnings: [], legacyIssues: [] }; // put there by the config's own reader
  }
}

export async function schema(_call: CommandCall): Promise<Outcome> {
  const { configSchema } = await import("../../config/schema.ts");
  return { json: configSchema, text: JSON.stringify(configSchema, null, 2) };
}

async function nearestPath(document: unknown, steps: Path): Promise<string | undefined> {
  for (let depth = 0; depth < steps.length; depth++) {
    const parent = valueAt(document, steps.slice(0, depth));
    const step = steps[depth];
    if (!isMap(parent) || typeof step !== "string" || Object.hasOwn(parent, step)) continue;
    const { nearest } = await import("../../config/check.ts");
    const meant = nearest(step, Object.keys(parent));
    if (meant === undefined) return undefined;
    const whole = [...steps.slice(0, depth), meant, ...steps.slice(depth + 1)];
    return `Did you mean ${formatPath(valueAt(document, whole) === undefined ? whole.slice(0, depth + 1) : whole)}?`;
  }
  return undefined;
}
