// Every method of the core, namespace by namespace, in the order in which it is advertised.
import type { GatewayMethod } from "../registry.ts";
import { methods as agent } from "./agent.ts";
import { methods as agents } from "./agents.ts";
import { methods as chat } from "./chat.ts";
import { methods as config } from "./config.ts";
import { methods as device } from "./device.ts";
import { methods as health } from "./health.ts";
import { methods as models } from "./models.ts";
import { methods as node } from "./node.ts";
import { methods as sessions } from "./sessions.ts";
import { methods as subscriptions } from "./subscriptions.ts";
import { methods as system } from "./system.ts";
import { methods as usage } from "./usage.ts";
import { methods as wizard } from "./wizard.ts";

export const coreMethods: readonly GatewayMethod[] = [...health, ...system, ...config, ...wizard, ...models, ...usage, ...agents, ...sessions, ...subscriptions, ...device, ...node, ...agent, ...chat];
