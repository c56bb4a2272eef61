// A loop that stood still: the first time is told by its length, and starts the thread that names what holds it the next time.
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

const beatMs = 500;
const blockMs = 1_000;

/** The thread costs 13 MB and four wakes a second: a gateway that never stands still does without. */
export function followBlocks({ clock, log }: { clock: Clock; log: Log }): { stop(): Promise<void> } {
  let naming: Promise<{ stop(): void }> | undefined;
  let beatAt = clock.monotonic();
  const beat = clock.every(beatMs, () => {
    const blockedMs = clock.monotonic() - beatAt - beatMs;
    beatAt = clock.monotonic();
    if (naming || blockedMs < blockMs) return;
    log.warn("the event loop stood still; the next time the log names what held it", { blockedMs: Math.round(blockedMs) });
    naming = import("./loop-stack.ts").then(({ watchForBlocks }) => watchForBlocks({ clock, log }));
    naming.catch((error: unknown) => log.warn("what holds the event loop cannot be named", { error }));
  });
  return {
    async stop() {
      beat.cancel();
      await naming?.then((running) => running.stop(), () => undefined); // told above
    },
  };
}
