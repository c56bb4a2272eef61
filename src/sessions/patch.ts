// What a person or client may set on a session: names, levels and their spellings, and what a wrong value is told. Pure.
import { fault } from "../base/faults.ts";
import type { SessionEntry } from "../sdk/backends.ts";
import { isSubagentKey } from "./key.ts";

interface Level {
  values: readonly string[];
  /** Other spellings people use. */
  aliases?: Record<string, string>;
  /** This value means "as it would be anyway" and is not stored. */
  clears?: string;
}

const onOff = { true: "on", yes: "on", "1": "on", enabled: "on", false: "off", no: "off", "0": "off", disabled: "off" };

/** Fields with a closed set of values (protocol.md 4.3). */
const levels: Record<string, Level> = {
  thinkingLevel: {
    values: ["off", "minimal", "low", "medium", "high", "xhigh"],
    aliases: { on: "low", enable: "low", enabled: "low", min: "minimal", think: "minimal", "think-hard": "low", thinkhard: "low", mid: "medium", med: "medium", thinkharder: "medium", harder: "medium", ultra: "high", ultrathink: "high", highest: "high", max: "high", "x-high": "xhigh", x_high: "xhigh", extrahigh: "xhigh", none: "off", disabled: "off" },
    clears: "off",
  },
  verboseLevel: { values: ["on", "off"], aliases: onOff },
  reasoningLevel: { values: ["on", "off", "stream"], aliases: { ...onOff, show: "on", visible: "on", hide: "off", hidden: "off", streaming: "stream", live: "stream" }, clears: "off" },
  responseUsage: { values: ["off", "tokens", "full", "on"], clears: "off" },
  elevatedLevel: { values: ["on", "off", "ask", "full"], aliases: { ...onOff, auto: "full", prompt: "ask" } },
  execHost: { values: ["sandbox", "gateway", "node"] },
  execSecurity: { values: ["deny", "allowlist", "full"] },
  execAsk: { values: ["off", "on-miss", "always"] },
  sendPolicy: { values: ["allow", "deny"], aliases: { on: "allow", off: "deny" } },
  groupActivation: { values: ["mention", "always"] },
};
const texts = ["execNode", "displayName"];
const flags = ["pinned", "archived", "unread"];
const MAX_LABEL_CHARS = 512;

/** The stored spelling of a level; undefined when it is none. */
export function normalizeLevel(field: string, value: string): string | undefined {
  const level = levels[field];
  const wanted = value.trim().toLowerCase();
  if (!level) return undefined;
  return level.values.includes(wanted) ? wanted : own(level.aliases ?? {}, wanted);
}

export interface PatchContext {
  key: string;
  /** Whether another session of the agent has this label. */
  isLabelTaken(label: string): boolean;
}

/** The entry with the changes made. Throws request.invalid or session.label; then nothing was changed. */
export function applyPatch(entry: SessionEntry, patch: Record<string, unknown>, context: PatchContext): SessionEntry {
  const next: SessionEntry = { ...entry };
  for (const [field, value] of Object.entries(patch)) {
    if (value !== undefined) setField(next, field, value, context);
  }
  return next;
}

function setField(next: SessionEntry, field: string, value: unknown, context: PatchContext): void {
  if (Object.hasOwn(levels, field)) setLevel(next, field, value);
  else if (field === "label") setLabel(next, value, context);
  else if (field === "model") setModel(next, value);
  else if (field === "spawnedBy") setSpawnedBy(next, value, context);
  else if (texts.includes(field)) setText(next, field, value);
  else if (flags.includes(field)) setFlag(next, field, value);
  else throw invalid(`unknown field: ${field}`);
}

function setLevel(next: SessionEntry, field: string, value: unknown): void {
  const level = levels[field];
  const stored = typeof value === "string" ? normalizeLevel(field, value) : undefined;
  if (value !== null && stored === undefined) throw invalid(`invalid ${field} (use ${level?.values.join("|")})`);
  if (value === null || stored === level?.clears) delete next[field];
  else next[field] = stored;
}

function setLabel(next: SessionEntry, value: unknown, { isLabelTaken }: PatchContext): void {
  if (value === null) {
    delete next["label"];
    return;
  }
  const label = textOf("label", value);
  if (label.length > MAX_LABEL_CHARS) throw invalid(`invalid label: too long (max ${MAX_LABEL_CHARS})`);
  if (isLabelTaken(label)) throw fault("session.label", { label });
  next["label"] = label;
}

function setModel(next: SessionEntry, value: unknown): void {
  delete next["providerOverride"];
  delete next["modelOverride"];
  if (value === null) return;
  const reference = textOf("model", value);
  const slash = reference.indexOf("/");
  if (slash > 0) next["providerOverride"] = reference.slice(0, slash);
  next["modelOverride"] = reference.slice(slash + 1);
}

function setSpawnedBy(next: SessionEntry, value: unknown, { key }: PatchContext): void {
  const before = next["spawnedBy"];
  if (value === null) {
    if (before !== undefined) throw invalid("spawnedBy cannot be cleared once set");
    return;
  }
  const parent = textOf("spawnedBy", value);
  if (!isSubagentKey(key)) throw invalid("spawnedBy is only supported for subagent:* sessions");
  if (before !== undefined && before !== parent) throw invalid("spawnedBy cannot be changed once set");
  next["spawnedBy"] = parent;
}

function setText(next: SessionEntry, field: string, value: unknown): void {
  if (value === null) delete next[field];
  else next[field] = textOf(field, value);
}

function setFlag(next: SessionEntry, field: string, value: unknown): void {
  if (value !== null && typeof value !== "boolean") throw invalid(`invalid ${field} (use true|false)`);
  if (value === true) next[field] = true;
  else delete next[field];
}

function textOf(field: string, value: unknown): string {
  const text = typeof value === "string" ? value.trim() : "";
  if (text === "") throw invalid(`invalid ${field}: empty`);
  return text;
}

function invalid(reason: string): Error {
  return fault("request.invalid", { reason });
}

function own(record: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
