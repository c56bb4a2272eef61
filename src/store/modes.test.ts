import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../base/log.ts";
import { systemDisk } from "./disk.ts";
import { repairModes } from "./modes.ts";

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

describe("[I.29] permissions of the state directory", () => {
  it("are narrowed to the owner, and said once", async () => {
    for (const path of ["openclaw.json", "identity/server.key", "agents/main/sessions/a.jsonl", "audit/2026-01-01.jsonl", "tls/key.pem"]) await plant(path);
    await chmod(dir, 0o755);
    let warnings = 0;
    await repairModes({ disk: systemDisk, log: { ...silentLog, warn: () => void warnings++ }, dir }, { deep: true });
    expect(warnings).toBe(1);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    for (const path of ["openclaw.json", "identity/server.key", "agents/main/sessions/a.jsonl", "audit/2026-01-01.jsonl", "tls/key.pem"]) expect(await modeOf(path), path).toBe(0o600);
    for (const path of ["identity", "agents", "agents/main", "agents/main/sessions"]) expect(await modeOf(path), path).toBe(0o700);
    expect(await repairModes({ disk: systemDisk, log: silentLog, dir }, { deep: true })).toBe(0);
  });

  it("close a folder with a file per conversation at once and see to the files later", async () => {
    await plant("agents/main/sessions/a.jsonl");
    await repairModes({ disk: systemDisk, log: silentLog, dir }, { deep: false });
    expect(await modeOf("agents/main/sessions")).toBe(0o700);
    expect(await modeOf("agents/main/sessions/a.jsonl")).toBe(0o644);
  });

  it("of a person's own files below the workspace are left alone", async () => {
    await plant("workspace/run.sh", 0o755);
    await repairModes({ disk: systemDisk, log: silentLog, dir }, { deep: true });
    expect(await modeOf("workspace/run.sh")).toBe(0o755);
    expect(await modeOf("workspace")).toBe(0o700);
  });

  it("are not changed through a link", async () => {
    await plant("elsewhere/file");
    const outside = await mkdtemp(join(tmpdir(), "openclaw-outside-"));
    await chmod(outside, 0o755);
    await symlink(outside, join(dir, "identity"));
    await repairModes({ disk: systemDisk, log: silentLog, dir }, { deep: true });
    expect((await stat(outside)).mode & 0o777).toBe(0o755);
    await rm(outside, { recursive: true });
  });
});
