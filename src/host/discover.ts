// Finds extensions by their manifests. Never runs their code.
import { join } from "node:path";
import type { Disk } from "../store/disk.ts";
import { manifestName, readManifest, type ExtensionManifest } from "./manifest.ts";

export interface ExtensionRoot {
  /** Folder with one folder per extension. */
  dir: string;
  /** Ours, shipped with this program: may run in its process. */
  isOurs: boolean;
}

export type Found =
  | { id: string; dir: string; isOurs: boolean; manifest: ExtensionManifest }
  | { id: string; dir: string; isOurs: boolean; problem: string };

/** In the order of the roots; of two with one id the first counts and the second is a problem. */
export async function discover(disk: Pick<Disk, "list" | "readFile">, roots: readonly ExtensionRoot[]): Promise<Found[]> {
  const all = (await Promise.all(roots.map((root) => discoverRoot(disk, root)))).flat();
  const taken = new Set<string>();
  return all.map((found) => {
    if (taken.has(found.id)) return { id: found.id, dir: found.dir, isOurs: found.isOurs, problem: "another extension has this id" };
    taken.add(found.id);
    return found;
  });
}

async function discoverRoot(disk: Pick<Disk, "list" | "readFile">, root: ExtensionRoot): Promise<Found[]> {
  const names = await disk.list(root.dir);
  const found = await Promise.all(names.map(async (name): Promise<Found | undefined> => {
    const dir = join(root.dir, name);
    const bytes = await disk.readFile(join(dir, manifestName)).catch(() => undefined); // a file beside the folders is no extension
    if (bytes === undefined) return undefined;
    const manifest = readManifest(bytes.toString("utf8"));
    const place = { id: name, dir, isOurs: root.isOurs };
    if ("problem" in manifest) return { ...place, problem: manifest.problem };
    return manifest.id === name ? { ...place, manifest } : { ...place, problem: `its folder is called ${name} and its manifest says ${manifest.id}` };
  }));
  return found.filter((one) => one !== undefined);
}

/** The file to import: the built one, else the source. */
export async function entryOf(disk: Pick<Disk, "stat">, dir: string): Promise<string | undefined> {
  for (const name of ["index.mjs", "index.ts"]) {
    const path = join(dir, name);
    if (await disk.stat(path)) return path;
  }
  return undefined;
}
