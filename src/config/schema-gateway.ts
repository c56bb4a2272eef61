// The `gateway` section of the configuration: port, sign-in, transport, HTTP doors and their bounds.
import { choice, flag, free, object, secret, text, texts, whole } from "./schema-fields.ts";

const auth = object({
  mode: choice(["token", "password", "trusted-proxy"], "Which shared secret clients give. There is no mode without one.", { default: "token" }),
  token: secret("Shared token; made on first start when absent."),
  password: secret("Shared password."),
  allowTailscale: flag("Accept Tailscale identity headers from a local tailscaled."),
  sharedTokenScopes: texts("All that the shared secret alone can claim. Adding operator.admin, operator.approvals and operator.pairing restores silent pairing on loopback.", { default: ["operator.read", "operator.write"] }),
  allowLegacySignatures: flag("Accept signatures without a nonce from loopback under protocol 3.", { default: true }),
  trustedProxy: object({
    userHeader: text("Header that carries the proxy's user."),
    allowUsers: texts("Users let in; an empty list lets nobody in."),
  }, "For mode: trusted-proxy."),
}, "Who may connect.");

const tls = object({
  enabled: flag("Serve TLS.", { "x-restart": true }),
  autoGenerate: flag("Make a self-signed certificate when none is given.", { default: true }),
  certPath: text("File with the PEM certificate.", { "x-restart": true }),
  keyPath: text("File with the PEM key.", { "x-restart": true }),
  caPath: text("PEM bundle of accepted client certificate authorities.", { "x-restart": true }),
}, "Transport security.");

const remote = object({
  url: text("wss:// address of the gateway to use.", { examples: ["wss://home.example:18789"] }),
  token: secret("Its shared token."),
  password: secret("Its shared password."),
  tlsFingerprint: text("SHA-256 of its certificate; the connection is pinned to it."),
}, "A gateway elsewhere, for our clients.");

const http = object({
  endpoints: object({
    chatCompletions: object({
      enabled: flag("Serve POST /v1/chat/completions.", { default: true }),
      maxBodyBytes: whole("Largest request body.", { default: 20_000_000, "x-advanced": true }),
    }, "OpenAI chat completions."),
    responses: object({
      enabled: flag("Serve POST /v1/responses.", { default: true }),
      maxBodyBytes: whole("Largest request body.", { default: 20_000_000, "x-advanced": true }),
      files: free("Accepted for older files.", { "x-advanced": true }),
      images: free("Accepted for older files.", { "x-advanced": true }),
    }, "OpenAI responses."),
  }, "OpenAI-compatible doors."),
}, "HTTP on the same port.");

const limits = object({
  preAuthPerAddress: whole("Sockets that have not signed in, per address.", { default: 64, minimum: 1 }),
  preAuthTotal: whole("Sockets that have not signed in, in all.", { default: 512, minimum: 1 }),
  maxConnections: whole("Sockets in all.", { default: 12_000, minimum: 1 }),
  requestsPerSecond: whole("Requests one connection may start per second, sustained.", { default: 5_000, minimum: 1 }),
  inFlightPerConnection: whole("Requests of one connection worked on at once.", { default: 64, minimum: 1 }),
  maxBufferedBytes: whole("Unsent bytes after which a slow reader is cut off.", { default: 8_388_608, minimum: 65_536 }),
  authFailuresPerMinute: whole("Failed sign-ins per address before delays start.", { default: 10, minimum: 1 }),
}, "Bounds of the door.", { "x-advanced": true });

export const gatewaySection = object({
  mode: choice(["local", "remote"], "Run the gateway here, or use one elsewhere.", { default: "local" }),
  port: whole("Port of HTTP and WebSocket.", { default: 18789, maximum: 65_535, "x-restart": true }),
  bind: choice(["loopback", "lan", "auto", "custom", "tailnet"], "Which interfaces listen. Anything but loopback needs TLS or a trusted proxy.", { default: "loopback", "x-restart": true }),
  customBindHost: text("Address for bind: custom.", { "x-restart": true }),
  publicOrigins: texts("Origins and host names, besides loopback, under which the gateway is reached.", { examples: [["https://assistant.example"]] }),
  auth,
  tls,
  trustedProxies: texts("Addresses of reverse proxies whose forwarded headers are believed."),
  tailscale: object({
    mode: choice(["off", "serve", "funnel"], "Expose through tailscale serve.", { default: "off", "x-restart": true }),
    resetOnExit: flag("Undo it on exit."),
  }, "Tailscale."),
  remote,
  reload: object({
    mode: choice(["off", "hot", "hybrid", "restart"], "What a change of the file does: nothing, apply what can be applied, or ask for a restart.", { default: "hybrid" }),
    debounceMs: whole("Quiet time before a change is read.", { default: 300 }),
  }, "Hot reload."),
  controlUi: object({
    enabled: flag("Serve the Control UI.", { default: true }),
    basePath: text("Path below which it is served."),
    allowedOrigins: texts("Further origins allowed to open sockets."),
    allowInsecureAuth: flag("Accepted for older files; has no effect.", { "x-advanced": true }),
    dangerouslyDisableDeviceAuth: flag("Accepted for older files; has no effect.", { "x-advanced": true }),
  }, "The web interface."),
  http,
  nodes: object({
    allowCommands: texts("Node commands allowed beyond the platform's defaults."),
    denyCommands: texts("Node commands never allowed."),
    browser: object({ mode: text("Accepted for older files."), node: text("Accepted for older files.") }, "Accepted for older files.", { "x-advanced": true }),
  }, "Paired devices that lend capabilities."),
  limits,
}, "The door: port, sign-in, TLS, HTTP.");
