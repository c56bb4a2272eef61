// The local tailscaled: who is behind an address of the tailnet, and serving the gateway there. Asked through its command.
import { deadline } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

export interface Tailscale {
  /** The login behind an address, as tailscaled knows it; undefined when it does not, or does not answer. */
  whois(address: string): Promise<string | undefined>;
  /** Puts the gateway on the tailnet (serve) or on the internet (funnel). False when that failed; the log says why. */
  expose(mode: "serve" | "funnel", port: number): Promise<boolean>;
  /** Takes it back. */
  withdraw(mode: "serve" | "funnel"): Promise<void>;
}

export interface TailscaleDeps {
  clock: Clock;
  log: Log;
  run(args: readonly string[], signal: AbortSignal): Promise<{ code: number | string; stdout: string }>;
}

const commandTimeoutMs = 5_000;
const rememberMs = 60_000;
const maxRemembered = 1_000;

export function createTailscale(deps: TailscaleDeps): Tailscale {
  const known = new Map<string, { login: string; until: number }>();

  const run = async (args: readonly string[]): Promise<string | undefined> => {
    const limit = deadline(deps.clock, commandTimeoutMs);
    try {
      const { code, stdout } = await deps.run(args, limit.signal);
      if (code === 0) return stdout;
      deps.log.warn("tailscale refused", { args, code });
    } catch (error) {
      deps.log.warn("tailscale cannot be asked", { args, error });
    } finally {
      limit.clear();
    }
    return undefined;
  };

  return {
    async whois(address) {
      const now = deps.clock.monotonic();
      const remembered = known.get(address);
      if (remembered && remembered.until > now) return remembered.login;
      const login = loginOf(await run(["whois", "--json", address]));
      known.delete(address);
      if (known.size >= maxRemembered) known.clear();
      if (login !== undefined) known.set(address, { login, until: now + rememberMs });
      return login;
    },
    expose: async (mode, port) => (await run([mode, "--bg", "--yes", String(port)])) !== undefined,
    async withdraw(mode) {
      await run([mode, "reset"]);
    },
  };
}

function loginOf(json: string | undefined): string | undefined {
  if (json === undefined) return undefined;
  try {
    const login = (JSON.parse(json) as { UserProfile?: { LoginName?: unknown } } | null)?.UserProfile?.LoginName; // tailscale's own answer, checked below
    return typeof login === "string" && login !== "" ? login : undefined;
  } catch {
    return undefined; // not the answer we know: nobody is known by it
  }
}
