import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../base/log.ts";
import { systemDisk } from "./disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { repairModes } from "./modes.ts";
import type * as ModesModule from "./modes.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "openclaw-modes-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const modeOf = async (path: string) => (await stat(join(dir, path))).mode & 0o777;

async function plant(path: string, mode = 0o644): Promise<void> {
  const parts = path.split("/").slice(0, -1);
  await mkdir(join(dir, ...parts), { recursive: true, mode: 0o755 });
  for (let depth = 1; depth <= parts.length; depth++) await chmod(join(dir, ...parts.slice(0, depth)), 0o755);
  await writeFile(join(dir, path), "x");
  await chmod(join(dir, path), mode);
}

type Repair = typeof repairModes;

async function areNarrowed(repair: Repair): Promise<void> {
  const files = ["openclaw.json", "identity/server.key", "agents/main/sessions/a.jsonl", "audit/2026-01-01.jsonl", "tls/key.pem"];
  for (const path of files) await plant(path);
  await plant("tls/group.pem", 0o640);
  await chmod(dir, 0o755);
  let warnings = 0;
  await repair({ disk: systemDisk, log: { ...silentLog, warn: () => void warnings++ }, dir }, { deep: true });
  expect(warnings).toBe(1);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  for (const path of [...files, "tls/group.pem"]) expect(await modeOf(path), path).toBe(0o600);
  for (const path of ["identity", "agents", "agents/main", "agents/main/sessions"]) expect(await modeOf(path), path).toBe(0o700);
  expect(await repair({ disk: systemDisk, log: silentLog, dir }, { deep: true })).toBe(0);
}

async function closeFolderAtOnce(repair: Repair): Promise<void> {
  await plant("agents/main/sessions/a.jsonl");
  await repair({ disk: systemDisk, log: silentLog, dir }, { deep: false });
  expect(await modeOf("agents/main/sessions"), "the folder").toBe(0o700);
  expect(await modeOf("agents/main/sessions/a.jsonl"), "its file").toBe(0o644);
}

async function leaveOwnFiles(repair: Repair): Promise<void> {
  await plant("workspace/run.sh", 0o755);
  await repair({ disk: systemDisk, log: silentLog, dir }, { deep: true });
  expect(await modeOf("workspace/run.sh"), "a person's script").toBe(0o755);
  expect(await modeOf("workspace"), "the workspace").toBe(0o700);
}

async function followNoLink(repair: Repair): Promise<void> {
  await plant("elsewhere/file");
  const outside = await mkdtemp(join(tmpdir(), "openclaw-outside-"));
  try {
    await chmod(outside, 0o755);
    await symlink(outside, join(dir, "identity"));
    await repair({ disk: systemDisk, log: silentLog, dir }, { deep: true });
    expect((await stat(outside)).mode & 0o777, "behind the link").toBe(0o755);
  } finally {
    await rm(outside, { recursive: true });
  }
}

describe("[I.29] permissions of the state directory", () => {
  it("are narrowed to the owner, and said once", () => areNarrowed(repairModes));
  it("close a folder with a file per conversation at once and see to the files later", () => closeFolderAtOnce(repairModes));
  it("of a person's own files below the workspace are left alone", () => leaveOwnFiles(repairModes));
  it("are not changed through a link", () => followNoLink(repairModes));

  const mutants: { name: string; from: string; to: string; check: (repair: Repair) => Promise<void>; says: RegExp }[] = [
    { name: "leaves what a group may read", from: "const OTHERS = 0o077;", to: "const OTHERS = 0o007;", check: areNarrowed, says: /expected \d+ to be \d+/ },
    { name: "looks into no folder", from: "ours.has(name)", to: "name === path", check: areNarrowed, says: /identity\/server\.key/ },
    { name: "does not go to the conversations before their files", from: "if (kind === \"link\") continue;", to: "if (kind === \"link\" || (!walk.deep && many.has(name))) continue;", check: closeFolderAtOnce, says: /the folder/ },
    { name: "closes a person's own files", from: "(walk.depth > 0 || ours.has(name))", to: "walk.depth >= 0", check: leaveOwnFiles, says: /a person's script/ },
    { name: "follows links", from: "if (kind === \"link\") continue;", to: "", check: followNoLink, says: /behind the link/ },
  ];
  it.each(mutants)("the check catches a mutant that $name", async ({ name, from, to, check, says }) => {
    expect(await verdictOn<typeof ModesModule>({ name, file: "src/store/modes.ts", from, to }, ({ repairModes: mutated }) => check(mutated))).toMatch(says);
  });
});
