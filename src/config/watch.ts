// Notices that a file changed, however an editor writes it. The watcher's library is loaded a while after the start.
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

export interface Watching {
  stop(): Promise<void>;
}

export interface FollowOptions {
  clock: Clock;
  log: Log;
  path: string;
  /** A change counts once the file has been quiet for so long. */
  quietMs: number;
  delayMs: number;
  /** Also called once when watching begins: what changed before was not seen. */
  onChange(): void;
}

export function followFile({ clock, log, path, quietMs, delayMs, onChange }: FollowOptions): Watching {
  let isStopped = false;
  let starting: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);
  const timer = clock.after(delayMs, () => {
    starting = open(path, quietMs, onChange).then((close) => {
      if (!isStopped) onChange();
      return close;
    }).catch((error: unknown) => {
      log.warn("changes of the configuration file are not noticed", { path, error });
      return undefined;
    });
  });
  return {
    async stop() {
      isStopped = true;
      timer.cancel();
      await (await starting)?.();
    },
  };
}

async function open(path: string, quietMs: number, onChange: () => void): Promise<() => Promise<void>> {
  const { watch } = await import("chokidar");
  const watcher = watch(path, { ignoreInitial: true, atomic: true, awaitWriteFinish: { stabilityThreshold: quietMs, pollInterval: Math.min(100, Math.max(20, quietMs / 3)) } });
  watcher.on("add", onChange).on("change", onChange).on("unlink", onChange);
  await new Promise<void>((resolve) => void watcher.once("ready", resolve));
  return () => watcher.close();
}
