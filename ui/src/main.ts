// The entry of the Control UI: builds the App, puts it on the page, and begins.
import type { App } from "./app/app.ts";
import { createCommands } from "./app/commands.ts";
import { createGateway } from "./app/gateway.ts";
import { createLive } from "./app/live.ts";
import { createRouter } from "./app/route.ts";
import { takeLinkCode } from "./app/sign-in.ts";
import { createTheme } from "./app/theme.ts";
import { createToasts } from "./app/toasts.ts";
import { createOutbox } from "./chat/outbox.ts";
import { createOutboxStore } from "./chat/outbox-store.ts";
import { sendEntry } from "./chat/send.ts";
import "./frame/app.ts";

// Before anything else looks at the address.
const linkCode = takeLinkCode(window);
const gateway = createGateway(window);
const live = createLive(gateway);
const outbox = createOutbox({ store: createOutboxStore(), send: (entry) => sendEntry(gateway, entry), newKey: () => crypto.randomUUID(), now: () => Date.now(), isOnline: () => gateway.isOnline() });
const app: App = {
  gateway,
  live,
  outbox,
  route: createRouter(window),
  theme: createTheme(document.documentElement, localStorage),
  toasts: createToasts(),
  commands: createCommands(() => performance.now()),
};

live.begin();
gateway.on("online", () => void outbox.flush());
void outbox.restore();
app.route.start();
document.body.append(Object.assign(document.createElement("oc-app"), { app }));
await gateway.start(linkCode);
