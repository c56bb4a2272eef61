// A Host for extension tests: fake time, counting ids, a network that is a function, nothing on disk.
import { createFakeClock, type FakeClock } from "../../base/fake-clock.ts";
import { createCountingIds } from "../../base/ids.ts";
import { silentLog } from "../../base/log.ts";
import { fault } from "../../base/faults.ts";
import { Secret } from "../../base/secret.ts";
import type { Host } from "../extension.ts";

export { createFakeClock, type FakeClock } from "../../base/fake-clock.ts";
export { createCountingIds, systemIds } from "../../base/ids.ts";
export { systemClock } from "../../base/clock.ts";

export interface TestHost<C = unknown> extends Host<C> {
  readonly clock: FakeClock;
  /** Aborts `signal`, as unloading the extension does. */
  unload(): void;
}

export interface TestHostOptions<C> {
  config?: C;
  secrets?: Readonly<Record<string, string>>;
  /** Answers every request; without it each one fails as a blocked address. */
  fetch?: Host["fetch"];
}

/** Every call makes a new one; tests share nothing. */
export function createTestHost<C = unknown>(options: TestHostOptions<C> = {}): TestHost<C> {
  const controller = new AbortController();
  return {
    config: options.config as C, // absent only where C allows it
    log: silentLog,
    clock: createFakeClock(),
    ids: createCountingIds(),
    signal: controller.signal,
    dir: "/nowhere",
    async secret(ref) {
      const value = options.secrets?.[ref];
      if (value === undefined) throw fault("secret.unknown", { name: ref });
      return new Secret(value);
    },
    fetch: options.fetch ?? (async () => Promise.reject(fault("egress.blocked", { reason: "this test has no network" }))),
    unload: () => controller.abort(new Error("unloaded")),
  };
}
