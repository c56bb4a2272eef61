// One sync at a time, shared: whoever asks while one is running waits for the next, which covers all that was written before it began.
export interface GroupSync {
  /** Resolves after a sync that began after this call. Rejects when that sync failed. */
  wait(): Promise<void>;
  /** Resolves when nothing is running or asked for. */
  idle(): Promise<void>;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

export function createGroupSync(sync: () => Promise<void>): GroupSync {
  let waiters: Waiter[] = [];
  let loop: Promise<void> | undefined;

  const run = async () => {
    while (waiters.length > 0) {
      const group = waiters;
      waiters = [];
      try {
        await sync();
        for (const waiter of group) waiter.resolve();
      } catch (error) {
        for (const waiter of group) waiter.reject(error);
      }
    }
    loop = undefined;
  };
  return {
    wait() {
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject });
        loop ??= run();
      });
    },
    async idle() {
      await loop;
    },
  };
}
