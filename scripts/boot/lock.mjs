// One holder at a time across processes: a file with the holder's token, kept fresh while it works.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import path from "node:path";

const BEAT_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 250;

/** Runs `work` while holding the lock; `onWait` is told once if somebody else holds it. */
export async function withLock(file, onWait, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  const token = JSON.stringify({ pid: process.pid, host: hostname(), id: randomBytes(8).toString("hex") });
  await acquire(file, token, onWait);
  const beat = setInterval(() => touch(file), BEAT_MS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (readOrEmpty(file) === token) rmSync(file, { force: true });
  }
}

async function acquire(file, token, onWait) {
  let told = false;
  for (;;) {
    if (tryCreate(file, token)) return;
    const holder = readOrEmpty(file);
    if (isStale(file, holder)) {
      takeAway(file, holder);
      continue;
    }
    if (!told) onWait();
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

// Written aside and linked into place, so nobody ever reads a half-written token.
function tryCreate(file, token) {
  const aside = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  writeFileSync(aside, token);
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A lock is stale when its holder on this host is gone, or when nobody kept it fresh. */
export function isStale(file, holder, now = Date.now()) {
  let mtimeMs;
  try {
    mtimeMs = statSync(file).mtimeMs;
  } catch {
    return false; // Released in the meantime: the next attempt to create it decides.
  }
  if (now - mtimeMs > STALE_MS) return true;
  try {
    const { pid, host } = JSON.parse(holder);
    return host === hostname() && !isAlive(pid);
  } catch {
    return false;
  }
}

// Moved aside before removal; if the lock changed hands in between it is put back.
function takeAway(file, holder) {
  const aside = `${file}.stale-${randomBytes(4).toString("hex")}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if (readOrEmpty(aside) !== holder) {
    try {
      linkSync(aside, file);
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
  rmSync(aside, { force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

function touch(file) {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}
