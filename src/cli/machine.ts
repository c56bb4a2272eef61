// This machine as commands see it: environment, disk, time, and where state lives. Everything is looked up when first asked for.
import { type Clock, systemClock } from "../base/clock.ts";
import { type Ids, systemIds } from "../base/ids.ts";
import { type Env, findStateDir, readEnv } from "../config/env.ts";
import { locateConfig, type Location } from "../config/files.ts";
import { type Disk, systemDisk } from "../store/disk.ts";
import { createPaths, type Paths } from "../store/paths.ts";

export interface Machine {
  readonly env: Env;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Which file is the configuration. */
  location(): Promise<Location>;
  paths(): Promise<Paths>;
}

export function thisMachine(): Machine {
  return createMachine({ env: readEnv(), disk: systemDisk, clock: systemClock, ids: systemIds });
}

export function createMachine(deps: Pick<Machine, "env" | "disk" | "clock" | "ids">): Machine {
  const { env, disk } = deps;
  let found: Promise<{ location: Location; paths: Paths }> | undefined;
  const find = async () => {
    const stateDir = await findStateDir(env, async (path) => (await disk.stat(path))?.isDirectory ?? false);
    const location = await locateConfig(env, stateDir, disk);
    return { location, paths: createPaths(stateDir, location.path) };
  };
  const once = () => (found ??= find());
  return { ...deps, location: async () => (await once()).location, paths: async () => (await once()).paths };
}
