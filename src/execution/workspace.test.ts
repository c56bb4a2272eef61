import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeMutant } from "../../test/fixtures/mutant.ts";
import { openWorkspace, partsOf } from "./workspace.ts";

let base = "";
let root = "";
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "openclaw-workspace-"));
  root = join(base, "workspace");
  await mkdir(join(root, "notes"), { recursive: true });
  await mkdir(join(base, "outside"));
  await writeFile(join(base, "outside", "secret.txt"), "secret");
  await writeFile(join(root, "notes", "a.txt"), "inside");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const bytes = (text: string) => Buffer.from(text);
const read = async (path: string) => (await openWorkspace(root).read(path, 1_000)).bytes.toString();

describe("paths that a model may name", () => {
  it.each(["../outside/secret.txt", "notes/../../outside/secret.txt", "notes/..", "/etc/passwd", "a\0b", "./../x", "/", "notes/./../../x"])("refuses %j", async (path) => {
    const workspace = openWorkspace(root);
    await expect(workspace.read(path, 10)).rejects.toMatchObject({ name: "Fault" });
    await expect(workspace.write(path, bytes("x"), "n")).rejects.toMatchObject({ name: "Fault" });
    expect(await readFile(join(base, "outside", "secret.txt"), "utf8")).toBe("secret");
  });

  it.each([["notes/a.txt"], ["./notes//a.txt"], ["notes/./a.txt"]])("reads %s", async (path) => {
    expect(await read(path)).toBe("inside");
    expect(openWorkspace(root).show(path)).toBe("notes/a.txt");
  });

  it("takes an absolute path that lies inside", async () => {
    expect(await read(join(root, "notes", "a.txt"))).toBe("inside");
    expect(() => partsOf(root, `${root}-other/x`)).toThrow(/outside/);
  });

  it("treats odd names as names", async () => {
    for (const name of ["...", "a b", "ü🙂", "-rf", "%2e%2e", "a\\..\\b", "~", "$HOME"]) {
      await openWorkspace(root).write(name, bytes(name), "n");
      expect(await read(name)).toBe(name);
    }
    expect((await readdir(base)).sort()).toEqual(["outside", "workspace"]);
  });
});

describe("links", () => {
  it("are never followed: not as the file, not as a folder on the way, not when dangling", async () => {
    await symlink(join(base, "outside", "secret.txt"), join(root, "link.txt"));
    await symlink(join(base, "outside"), join(root, "folder"));
    await symlink(join(base, "outside", "new.txt"), join(root, "dangling"));
    const workspace = openWorkspace(root);
    for (const path of ["link.txt", "folder/secret.txt", "dangling"]) {
      await expect(workspace.read(path, 10), path).rejects.toMatchObject({ name: "Fault" });
      await expect(workspace.write(path, bytes("x"), "n"), path).rejects.toMatchObject({ name: "Fault" });
    }
    await expect(workspace.list("folder")).rejects.toMatchObject({ name: "Fault" });
    expect(await readdir(join(base, "outside"))).toEqual(["secret.txt"]);
    expect(await readFile(join(base, "outside", "secret.txt"), "utf8")).toBe("secret");
    expect((await workspace.list(".")).filter(({ kind }) => kind === "link").map(({ name }) => name)).toEqual(["dangling", "folder", "link.txt"]);
  });

  it("may be what the workspace itself is reached by", async () => {
    await symlink(root, join(base, "by-link"));
    expect((await openWorkspace(join(base, "by-link")).read("notes/a.txt", 10)).bytes.toString()).toBe("inside");
  });

  it("that are swapped in while we work lead nowhere", { timeout: 30_000 }, async () => {
    const swaps = await race(openWorkspace, 400);
    expect(swaps.leaked).toBe(0);
    expect(await readdir(join(base, "outside"))).toEqual(["secret.txt"]);
    expect(swaps.reads + swaps.writes).toBeGreaterThan(0);
    console.log(`400 rounds against a folder that flips between itself and a link: ${swaps.reads} reads, ${swaps.writes} writes, ${swaps.refused} refused, 0 leaked`);
  });

  it("the tests see mutants that follow them", async () => {
    await symlink(join(base, "outside"), join(root, "folder"));
    await symlink(join(base, "outside", "secret.txt"), join(root, "link.txt"));
    for (const [name, from, to, path] of [
      ["follows a folder", "constants.O_DIRECTORY | constants.O_NOFOLLOW", "constants.O_DIRECTORY", "folder/secret.txt"],
      ["follows a file", "constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK", "constants.O_RDONLY | constants.O_NONBLOCK", "link.txt"],
      ["climbs", 'if (parts.includes("..")) throw outside(path);', "", "../outside/secret.txt"],
    ] as const) {
      const mutant = await makeMutant({ name, file: "src/execution/workspace.ts", from, to });
      try {
        const module = (await import(/* @vite-ignore */ join(dirname(mutant.command[1] ?? ""), "execution/workspace.ts"))) as { openWorkspace: typeof openWorkspace };
        expect((await module.openWorkspace(root).read(path, 100)).bytes.toString(), name).toBe("secret");
      } finally {
        await mutant.remove();
      }
    }
  });
});

/** One folder of the path flips between itself and a link to the outside while reads and writes go through it. */
async function race(open: typeof openWorkspace, rounds: number) {
  const counts = { reads: 0, writes: 0, refused: 0, leaked: 0 };
  const folder = join(root, "notes");
  const aside = join(root, "aside");
  await symlink(join(base, "outside"), join(root, "trap"));
  let isOver = false;
  /** A write that comes in the gap makes the folder anew; then that one gives way. */
  const move = async (from: string, to: string): Promise<void> => {
    try {
      await rename(from, to);
    } catch {
      await rm(to, { recursive: true, force: true });
      await move(from, to);
    }
  };
  const flip = async () => {
    while (!isOver) {
      await move(folder, aside);
      await move(join(root, "trap"), folder);
      await move(folder, join(root, "trap"));
      await move(aside, folder);
    }
  };
  const flipping = flip();
  for (let round = 0; round < rounds; round++) {
    const workspace = open(root);
    await workspace.read("notes/secret.txt", 100).then(() => counts.leaked++, () => counts.refused++);
    await workspace.read("notes/a.txt", 100).then(() => counts.reads++, () => counts.refused++);
    await workspace.write("notes/made.txt", bytes("x"), `n${round}`).then(() => counts.writes++, () => counts.refused++);
  }
  isOver = true;
  await flipping;
  return counts;
}

describe("files", () => {
  it("are written whole or not at all, with their mode kept and no draft left", async () => {
    await writeFile(join(root, "run.sh"), "old");
    await chmod(join(root, "run.sh"), 0o750);
    expect(await openWorkspace(root).write("run.sh", bytes("new"), "n")).toEqual({ isNew: false });
    expect((await stat(join(root, "run.sh"))).mode & 0o777).toBe(0o750);
    expect(await openWorkspace(root).write("deep/er/new.txt", bytes("x"), "n")).toEqual({ isNew: true });
    expect((await stat(join(root, "deep/er/new.txt"))).mode & 0o777).toBe(0o600);
    expect(await readdir(root)).toEqual(["deep", "notes", "run.sh"]);
  });

  it("that are pipes, folders or devices are refused at once", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    await expect(openWorkspace(root).read("pipe", 10)).rejects.toThrow(/not a regular file/);
    await expect(openWorkspace(root).write("pipe", bytes("x"), "n")).rejects.toThrow(/not a regular file/);
    await expect(openWorkspace(root).read("notes", 10)).rejects.toThrow(/folder/);
    await expect(openWorkspace(root).write("notes", bytes("x"), "n")).rejects.toMatchObject({ name: "Fault" });
    await expect(openWorkspace(root).read("notes/a.txt/b", 10)).rejects.toMatchObject({ name: "Fault" });
  });

  it("are read up to the asked size, and their real size is told", async () => {
    await writeFile(join(root, "big"), "x".repeat(5_000));
    const { bytes: got, sizeBytes } = await openWorkspace(root).read("big", 100);
    expect([got.length, sizeBytes]).toEqual([100, 5_000]);
  });

  it("that do not exist are named in the failure, never the machine's own paths", async () => {
    const error = await openWorkspace(root).read("no/such.txt", 10).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ message: expect.stringContaining("no/such.txt") });
    expect((error as Error).message).not.toContain(base);
    await expect(openWorkspace(join(base, "gone")).list(".")).rejects.toThrow("the workspace folder does not exist");
  });
});
