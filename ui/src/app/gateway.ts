// The UI's connection: who this browser is, how it signs in, whether it is online, and what it may do.
import { canKeepIdentity, openWebIdentity, type WebIdentityStore } from "../../../src/client/identity-web.ts";
import { clientError } from "../../../src/client/call-error.ts";
import { type CallOptions, type ClientIdentity, type ClientState, connect, type GatewayClient, type HelloOk } from "../../../src/client/client.ts";
import type { MethodName, MethodTypes } from "../../../src/protocol/generated/methods.ts";
import { holds, isScope, type Scope } from "../../../src/protocol/scopes.ts";
import { redeemLink, type SignInFailure, takeLinkCode } from "./sign-in.ts";
import { createValue, type Value } from "./value.ts";
import { clientInfo } from "./browser.ts";

export type LinkState = ClientState | { kind: "starting" } | { kind: "signing-in" } | ({ kind: "link-failed" } & SignInFailure);

/** Full asks for everything an owner does; basic for reading and writing, which the shared token alone allows. */
export type Wish = "full" | "basic";

export interface Gateway {
  readonly state: Value<LinkState>;
  /** The last hello; kept while offline so that the page need not forget what it knew. */
  readonly hello: Value<HelloOk | undefined>;
  readonly wish: Value<Wish>;
  /** When the connection was lost; undefined while it is up. */
  readonly offlineSinceMs: Value<number | undefined>;
  isOnline(): boolean;
  /** The gateway offers the method and this connection may call it. */
  can(method: string, scope: Scope): boolean;
  holds(scope: Scope): boolean;
  call<M extends MethodName>(method: M, params: MethodTypes[M]["params"], options?: CallOptions): Promise<MethodTypes[M]["result"]>;
  call<T = unknown>(method: string, params?: unknown, options?: CallOptions): Promise<T>;
  /** An event by name, `"gap"`, or `"online"` after every hello. */
  on<T = unknown>(event: string, listener: (payload: T) => void): () => void;
  /** Whether this browser can keep a device key on this page. */
  readonly canKeepKey: boolean;
  deviceId(): string | undefined;
  /** With the code of a sign-in link, that is traded first. */
  start(linkCode?: string): Promise<void>;
  signIn(secret: { token?: string; password?: string }): Promise<void>;
  ask(wish: Wish): Promise<void>;
  retryNow(): void;
  /** Forgets this browser's key and token. */
  forget(): Promise<void>;
}

const scopesOf: Record<Wish, Scope[]> = {
  full: ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"],
  basic: ["operator.read", "operator.write"],
};
const wishKey = "openclaw.wish";

export function createGateway(page: Window): Gateway {
  const state = createValue<LinkState>({ kind: "starting" });
  const hello = createValue<HelloOk | undefined>(undefined);
  const offlineSinceMs = createValue<number | undefined>(undefined);
  const wish = createValue<Wish>(page.sessionStorage.getItem(wishKey) === "basic" ? "basic" : "full");
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  const canKeepKey = canKeepIdentity();
  let client: GatewayClient | undefined;
  let store: WebIdentityStore | undefined;
  let identity: ClientIdentity | undefined;

  const emit = (event: string, payload: unknown): void => {
    for (const listener of listeners.get(event) ?? []) listener(payload);
  };

  const follow = (next: ClientState): void => {
    if (next.kind === "online") {
      hello.set(next.hello);
      offlineSinceMs.set(undefined);
    } else if (hello.get() !== undefined && offlineSinceMs.get() === undefined) offlineSinceMs.set(Date.now());
    state.set(next);
    if (next.kind === "online") emit("online", next.hello);
  };

  const open = async (secret: { token?: string; password?: string } = {}): Promise<void> => {
    client?.close();
    const deviceToken = await store?.deviceToken();
    client = connect({
      url: socketUrl(page.location, page.document.baseURI),
      client: clientInfo(page),
      scopes: scopesOf[wish.get()],
      caps: ["tool-events"],
      auth: { ...secret, ...(deviceToken !== undefined && { deviceToken }) },
      locale: page.navigator.language,
      ...(identity !== undefined && { identity }),
      onDeviceToken: ({ token }) => void store?.saveDeviceToken(token),
      onDeviceTokenRefused: () => void store?.dropDeviceToken(),
    });
    const own = client;
    own.onState((next) => own === client && next.kind !== "closed" && follow(next));
    own.on("*", (payload, frame) => own === client && emit(frame.event, payload));
    own.on("gap", (gap) => own === client && emit("gap", gap));
    follow(own.state);
  };

  const start = async (code?: string): Promise<void> => {
    if (canKeepKey) {
      store = await openWebIdentity();
      identity = await store.identity();
    }
    if (code !== undefined) {
      state.set({ kind: "signing-in" });
      const outcome = await redeemLink(page, code, identity);
      if (!outcome.ok) return state.set({ kind: "link-failed", ...outcome.failure });
      if (outcome.deviceToken !== undefined) await store?.saveDeviceToken(outcome.deviceToken);
    }
    await open();
    return undefined;
  };

  page.addEventListener("online", () => client?.retryNow());
  // A second link opened in the same tab changes only the fragment.
  page.addEventListener("hashchange", () => {
    const code = takeLinkCode(page);
    if (code !== undefined) void start(code);
  });

  return {
    state,
    hello,
    wish,
    offlineSinceMs,
    canKeepKey,
    isOnline: () => state.get().kind === "online",
    holds(scope) {
      return holds((hello.get()?.auth?.scopes ?? []).filter(isScope), scope);
    },
    can(method, scope) {
      return (hello.get()?.features.methods.includes(method) ?? false) && this.holds(scope);
    },
    call: <T>(method: string, params?: unknown, options?: CallOptions) => (client === undefined ? Promise.reject(clientError("OFFLINE", "not connected yet", true)) : client.call<T>(method, params, options)),
    on<T>(event: string, listener: (payload: T) => void) {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(listener as (payload: unknown) => void)); // the listener says what the event carries
      return () => void set.delete(listener as (payload: unknown) => void);
    },
    deviceId: () => identity?.deviceId,
    start,
    signIn: (secret) => open(secret),
    async ask(next) {
      wish.set(next);
      page.sessionStorage.setItem(wishKey, next);
      await open();
    },
    retryNow: () => client?.retryNow(),
    async forget() {
      client?.close();
      await store?.forget();
      identity = await store?.identity();
      hello.set(undefined);
      await open();
    },
  };
}

/** The gateway answers on the page's own address, below the same base path. */
export function socketUrl(location: { protocol: string }, baseUri: string): string {
  const url = new URL(".", baseUri);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = "";
  return url.href;
}
