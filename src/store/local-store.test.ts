import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { testBackend } from "../sdk/testing/backend.ts";
import { systemDisk } from "./disk.ts";
import { createLocalStore } from "./local-store.ts";
import { createPaths } from "./paths.ts";

testBackend("the local store", async () => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-store-"));
  const paths = createPaths(dir, join(dir, "config.yaml"));
  return {
    open: () => createLocalStore({ disk: systemDisk, clock: systemClock, ids: systemIds, log: silentLog, paths }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});
