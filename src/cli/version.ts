// The program's version: put in by the build; a run of the sources reads package.json.
import type { Disk } from "../store/disk.ts";

declare const __OPENCLAW_VERSION__: string | undefined;

export async function programVersion(disk: Pick<Disk, "readFile">): Promise<string> {
  if (typeof __OPENCLAW_VERSION__ === "string") return __OPENCLAW_VERSION__;
  const text = await disk.readFile(new URL("../../package.json", import.meta.url).pathname);
  const { version } = JSON.parse(text?.toString("utf8") ?? "{}") as { version?: unknown }; // our own file; checked below
  return typeof version === "string" ? version : "unknown";
}
