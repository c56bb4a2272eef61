// Who did what: hash-chained JSON lines, so that a removed or changed record shows.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { writeWhole, type Disk } from "./disk.ts";
import { createJsonlFile, fileStamp, type JsonlFile } from "./jsonl-file.ts";
import { parseLine } from "./jsonl-repair.ts";

export interface AuditRecord {
  at: number;
  /** Device, client or person behind it. */
  actor: string;
  scopes: readonly string[];
  method: string;
  /** What it concerned: a session key, device id, config path. */
  resource?: string;
  outcome: "ok" | "denied" | "failed";
  /** SHA-256 of the arguments; never values. */
  argsDigest?: string;
  detail?: string;
}

export interface AuditLog {
  /** Queued; written in batches within a second. */
  record(entry: AuditRecord): void;
  flush(): Promise<void>;
  /** Names the first record whose chain does not hold. */
  verify(): Promise<{ ok: true; records: number } | { ok: false; file: string; line: number; reason: string }>;
  close(): Promise<void>;
}

export interface AuditLogDeps {
  disk: Disk;
  clock: Clock;
  log: Log;
  /** paths.audit */
  dir: string;
}

/** The last record's number and hash; kept beside the files so that records cut off the end are missed. */
interface Head {
  seq: number;
  hash: string;
}

const BATCH_MS = 1_000;
/** Records waiting for a disk that does not take them; beyond, the newest are counted and dropped. */
const MAX_WAITING = 10_000;
const HEAD_FILE = "head.json";
const START: Head = { seq: 0, hash: "0".repeat(64) };

/** Opens the chain where it ended; reads only the newest file. */
export async function createAuditLog({ disk, clock, log, dir }: AuditLogDeps): Promise<AuditLog> {
  await disk.makeDir(dir);
  let waiting: AuditRecord[] = [];
  let dropped = 0;
  let timer: Timer | undefined;
  let current: { name: string; file: JsonlFile } | undefined;
  let head = await lastHead();
  let writing: Promise<void> = Promise.resolve();

  async function lastHead(): Promise<Head> {
    const promised = (await keptHead())?.seq ?? 0;
    for (const name of (await dayFiles()).reverse()) {
      const last = await openEnd(name, promised);
      if (last) return last;
    }
    return START;
  }
  /** The last record of a file. What a crash left of records that were never promised is cut off and saved aside; anything else stays for `verify` to find. */
  async function openEnd(name: string, promised: number): Promise<Head | undefined> {
    const good: string[] = [];
    let last: Head | undefined;
    let isBroken = false;
    let isPromised = false;
    await readLines(name, (line) => {
      const found = headOf(parseLine(line));
      const before = last ?? beforeOf(line);
      if (isBroken || typeof check(before, line) === "string") {
        isBroken = true;
        isPromised ||= before.seq < promised;
      } else good.push(line);
      last = isBroken && !isPromised ? last : (found ?? last);
    });
    if (isBroken && !isPromised) await cutOff(name, good);
    return last;
  }
  async function cutOff(name: string, good: readonly string[]): Promise<void> {
    const path = join(dir, name);
    const savedAs = `${path}.torn.${fileStamp(clock.now())}`;
    await disk.copy(path, savedAs);
    await writeWhole(disk, path, Buffer.from(good.map((line) => `${line}\n`).join("")));
    log.warn("audit records that a crash left half-written were cut off and saved aside", { path, savedAs });
  }
  async function keptHead(): Promise<Head | undefined> {
    return headOf(parseLine((await disk.readFile(join(dir, HEAD_FILE)))?.toString() ?? ""));
  }
  async function dayFiles(): Promise<string[]> {
    return (await disk.list(dir)).filter((name) => /^\d{4}-\d{2}-\d{2}\.jsonl$/.test(name));
  }
  function fileOf(name: string): JsonlFile {
    return createJsonlFile({ disk, clock, log, path: join(dir, name) });
  }
  async function readLines(name: string, onLine: (line: string) => void): Promise<void> {
    const file = current?.name === name ? current.file : fileOf(name);
    await file.lines(onLine);
    if (file !== current?.file) await file.close();
  }
  const todays = async (): Promise<JsonlFile> => {
    const name = `${new Date(clock.now()).toISOString().slice(0, 10)}.jsonl`;
    if (current?.name !== name) {
      const last = current;
      current = { name, file: fileOf(name) };
      await last?.file.close();
    }
    return current.file;
  };
  const write = async () => {
    timer?.cancel();
    timer = undefined;
    const batch = waiting;
    if (batch.length === 0) return;
    waiting = [];
    if (dropped > 0) batch.push({ at: clock.now(), actor: "audit", scopes: [], method: "audit.dropped", outcome: "failed", detail: String(dropped) });
    let next = head;
    const lines = batch.map((record) => {
      const line = chained(next, record);
      next = line.head;
      return line.text;
    });
    try {
      const file = await todays();
      await file.append(lines, { durable: true });
    } catch (error) {
      waiting = [...batch, ...waiting];
      later();
      throw error;
    }
    head = next;
    dropped = 0;
    await writeWhole(disk, join(dir, HEAD_FILE), Buffer.from(`${JSON.stringify(head)}\n`));
  };
  const flush = (): Promise<void> => {
    const done = writing.then(write);
    writing = done.catch((error: unknown) => log.warn("audit records could not be written; trying again", { error }));
    return done;
  };
  const later = () => {
    timer ??= clock.after(BATCH_MS, () => {
      flush().catch(() => undefined /* logged, and the records wait for the next batch */);
    });
  };

  return {
    record(entry) {
      if (waiting.length >= MAX_WAITING) dropped++;
      else waiting.push(entry);
      later();
    },
    flush,
    async verify() {
      await flush();
      return verifyChain();
    },
    async close() {
      await flush();
      timer?.cancel();
      await current?.file.close();
    },
  };

  async function verifyChain(): Promise<Awaited<ReturnType<AuditLog["verify"]>>> {
    let last = START;
    let at = { file: "", line: 0 };
    for (const name of await dayFiles()) {
      let line = 0;
      let broken: { line: number; reason: string } | undefined;
      await readLines(name, (text) => {
        line++;
        if (broken) return;
        const checked = check(last, text);
        if (typeof checked === "string") broken = { line, reason: checked };
        else last = checked;
      });
      const file = join(dir, name);
      if (broken) return { ok: false, file, ...broken };
      at = { file, line };
    }
    const kept = await keptHead();
    if (kept && kept.seq > last.seq) return { ok: false, file: at.file, line: at.line + 1, reason: `records ${last.seq + 1} to ${kept.seq} are missing` };
    return { ok: true, records: last.seq };
  }
}

function chained(before: Head, record: AuditRecord): { text: string; head: Head } {
  const body = { seq: before.seq + 1, prev: before.hash, ...record };
  const hash = digest(JSON.stringify(body));
  return { text: JSON.stringify({ ...body, hash }), head: { seq: body.seq, hash } };
}

/** The new head, or what is wrong with the line. */
function check(last: Head, text: string): Head | string {
  const value = parseLine(text);
  if (!value) return "the line is not a record";
  const { hash, ...body } = value;
  if (body["seq"] !== last.seq + 1) return `record ${last.seq + 1} is missing`;
  if (body["prev"] !== last.hash) return "it does not follow the record before it";
  if (typeof hash !== "string" || hash !== digest(JSON.stringify(body))) return "its content was changed";
  return { seq: last.seq + 1, hash };
}

/** What the first record of a file says it follows; the files before it are `verify`'s to check. */
function beforeOf(line: string): Head {
  const value = parseLine(line);
  return { seq: typeof value?.["seq"] === "number" ? value["seq"] - 1 : 0, hash: typeof value?.["prev"] === "string" ? value["prev"] : "" };
}

function headOf(value: Record<string, unknown> | undefined): Head | undefined {
  const seq = value?.["seq"];
  const hash = value?.["hash"];
  return typeof seq === "number" && typeof hash === "string" ? { seq, hash } : undefined;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
