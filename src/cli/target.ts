// Which gateway a command speaks to, and what it may show there: an option, the environment, the running one, the configuration.
import type { Machine } from "./machine.ts";
import { failure, usageFailure } from "./failure.ts";
import { findRunning, type Running } from "./running.ts";

export interface Target {
  url: string;
  auth: { token?: string; password?: string };
  /** SHA-256 of the certificate it must show. */
  fingerprint?: string;
  /** The gateway of this state directory: the host's own key is shown to it, and to no other. */
  isHome: boolean;
}

export interface TargetWish {
  url?: string | undefined;
  token?: string | undefined;
  password?: string | undefined;
  fingerprint?: string | undefined;
}

const defaultPort = 18_789;

/** Throws a usage failure for an address that is none, and refuses to send anything in clear over a network. */
export async function chooseTarget(machine: Machine, wish: TargetWish): Promise<Target> {
  const target = await choose(machine, wish);
  const { protocol, hostname } = new URL(target.url);
  if (protocol === "ws:" && !isLoopback(hostname) && machine.env.own("ALLOW_INSECURE_PRIVATE_WS") !== "1") {
    throw failure("INSECURE_URL", `${target.url} is not encrypted.`, "Use wss://, or reach it through a tunnel. On a private network that you trust, OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1 allows it.");
  }
  return target;
}

async function choose(machine: Machine, wish: TargetWish): Promise<Target> {
  const { env } = machine;
  const given = { ...(wish.token === undefined ? {} : { token: wish.token }), ...(wish.password === undefined ? {} : { password: wish.password }) };
  const pin = wish.fingerprint === undefined ? {} : { fingerprint: wish.fingerprint };
  const running = await findRunning(machine);
  if (wish.url !== undefined) {
    // An address from the command line gets only what came with it: secrets of this machine are not for it.
    const url = socketUrl(wish.url);
    return { url, auth: given, ...homePart(url, running, false), ...pin };
  }
  const auth = { ...fromEnvironment(machine), ...given };
  if (env.gatewayUrl !== undefined) {
    const url = socketUrl(env.gatewayUrl);
    return { url, auth, ...homePart(url, running, false), ...pin };
  }
  if (env.gatewayPort !== undefined) {
    const url = running && portOf(running.url) === env.gatewayPort ? running.url : `ws://127.0.0.1:${env.gatewayPort}`;
    return { url, auth, ...homePart(url, running, true), ...pin };
  }
  if (running) return { url: running.url, auth, ...homePart(running.url, running, true), ...pin };
  const configured = await fromConfig(machine);
  return { ...configured, auth: { ...configured.auth, ...auth }, ...pin };
}

/** Loopback without a running gateway is taken for home when the address was not typed in. */
function homePart(url: string, running: Running | undefined, guess: boolean): { isHome: boolean; fingerprint?: string } {
  const isRunning = running !== undefined && isLoopback(new URL(url).hostname) && portOf(url) === portOf(running.url);
  return { isHome: isRunning || (guess && running === undefined), ...(isRunning && running.fingerprint !== undefined ? { fingerprint: running.fingerprint } : {}) };
}

function fromEnvironment({ env }: Machine): Target["auth"] {
  const [token, password] = [env.gatewayToken?.reveal(), env.gatewayPassword?.reveal()];
  return { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) };
}

/** Read only when nothing runs here: the readers of YAML and JSON5 cost time. */
async function fromConfig(machine: Machine): Promise<Target> {
  const { peekConfig } = await import("./config-peek.ts");
  const config = await peekConfig(machine);
  if (config.text("gateway.mode") !== "remote") {
    const port = config.number("gateway.port") ?? defaultPort;
    return { url: `${config.flag("gateway.tls.enabled") ? "wss" : "ws"}://127.0.0.1:${port}`, auth: {}, isHome: true };
  }
  const url = config.text("gateway.remote.url");
  if (url === undefined) throw failure("NO_REMOTE_URL", "gateway.mode is remote, but gateway.remote.url is not set.", "Set it: openclaw config set gateway.remote.url wss://…");
  const [token, password, fingerprint] = [config.text("gateway.remote.token"), config.text("gateway.remote.password"), config.text("gateway.remote.tlsFingerprint")];
  return { url: socketUrl(url), auth: { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) }, ...(fingerprint === undefined ? {} : { fingerprint }), isHome: false };
}

/** `host:port` and http addresses as the socket's; a bare host is encrypted unless it is this machine. */
export function socketUrl(text: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const full = hasScheme ? text.replace(/^http(s?):/i, "ws$1:") : `wss://${text}`;
  if (!URL.canParse(full)) throw usageFailure(`"${text}" is not the address of a gateway`, "It looks like ws://127.0.0.1:18789 or wss://home.example.");
  const url = new URL(full);
  if (!hasScheme && isLoopback(url.hostname)) url.protocol = "ws:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw usageFailure(`"${text}" is not the address of a gateway`, "It looks like ws://127.0.0.1:18789 or wss://home.example.");
  if (url.username !== "" || url.password !== "") throw usageFailure("an address carries no user or password", "Give --token or --password.");
  return url.href.replace(/\/$/, "");
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "wss:" ? 443 : 80) : Number(port);
}
