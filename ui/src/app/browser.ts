// What this browser calls itself towards the gateway.
import type { ClientOptions } from "../../../src/client/client.ts";

declare const __OPENCLAW_VERSION__: string;

/** The version this page was built for. */
export const version = __OPENCLAW_VERSION__;

export function clientInfo(page: Window): ClientOptions["client"] {
  const agent = page.navigator.userAgent;
  return { id: "openclaw-control-ui", mode: "ui", version, platform: page.navigator.platform || "web", displayName: `${browserName(agent)} on ${systemName(agent)}`, instanceId: instanceId(page) };
}

export function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}

function browserName(agent: string): string {
  if (agent.includes("Firefox/")) return "Firefox";
  if (agent.includes("Edg/")) return "Edge";
  if (agent.includes("Chrome/")) return "Chrome";
  return agent.includes("Safari/") ? "Safari" : "Browser";
}

function systemName(agent: string): string {
  const known: readonly (readonly [RegExp, string])[] = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Mac OS X/, "Mac"], [/Windows/, "Windows"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];
  return known.find(([words]) => words.test(agent))?.[1] ?? "an unknown system";
}

/** The same for the life of the tab, reloads included. */
function instanceId(page: Window): string {
  const key = "openclaw.tab";
  const kept = page.sessionStorage.getItem(key);
  if (kept !== null) return kept;
  const bytes = page.crypto.getRandomValues(new Uint8Array(12));
  const made = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  page.sessionStorage.setItem(key, made);
  return made;
}
