// A workspace that came from elsewhere: links that lead out of it, things that are no files.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { systemDisk } from "../store/disk.ts";
import { createWorkspaces } from "./workspace.ts";

let base: string;
let dir: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "openclaw-workspace-"));
  dir = join(base, "workspace");
  await mkdir(join(dir, "docs"), { recursive: true });
  await writeFile(join(base, "key"), "the key of the host");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const hostile = async (create: typeof createWorkspaces) => {
  await symlink("../key", join(dir, "SOUL.md"));
  await symlink("/dev/zero", join(dir, "IDENTITY.md"));
  await symlink("USER.md", join(dir, "USER.md"));
  execFileSync("mkfifo", [join(dir, "TOOLS.md")]);
  await writeFile(join(dir, "MEMORY.md"), "");
  await truncate(join(dir, "MEMORY.md"), 17_000_000);
  await mkdir(join(dir, "HEARTBEAT.md"));
  const workspaces = create({ disk: systemDisk, clock: createFakeClock() });
  await workspaces.ensure(dir, { skipBootstrap: false });
  const read = await workspaces.read(dir, 20_000);
  expect(read.filter((file) => file.text !== undefined).map((file) => file.name), "files of the workspace").toEqual([]);
  for (const { name } of read) expect(await workspaces.text(dir, name), name).toBeUndefined();
  expect((await workspaces.list(dir)).filter((file) => !file.missing)).toEqual([]);
  return read.length;
};

it("[I.19] gives the prompt nothing from outside it, and nothing that never ends", async () => {
  expect(await hostile(createWorkspaces)).toBe(8);
});

it("[I.19] the check sees a mutant that follows links wherever they lead", async () => {
  const mutation = { name: "follows", file: "src/agents/workspace.ts", from: "file?.isFile === true && file.path.startsWith(root.path.endsWith(sep) ? root.path : `${root.path}${sep}`)", to: "file?.isFile === true" };
  expect(await verdictOn<{ createWorkspaces: typeof createWorkspaces }>(mutation, ({ createWorkspaces: mutated }) => hostile(mutated))).toMatch(/files of the workspace/);
});

it("follows links to other files of the same workspace, also when the workspace is behind one", async () => {
  await writeFile(join(dir, "docs", "agents.md"), "be kind");
  await symlink("docs/agents.md", join(dir, "AGENTS.md"));
  await symlink(dir, join(base, "link"));
  const workspaces = createWorkspaces({ disk: systemDisk, clock: createFakeClock() });
  for (const at of [dir, join(base, "link")]) {
    expect((await workspaces.read(at, 20_000))[0]).toEqual({ name: "AGENTS.md", text: "be kind", cutChars: 0 });
    expect(await workspaces.text(at, "AGENTS.md")).toBe("be kind");
  }
});
