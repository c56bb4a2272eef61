// Which commands a node may be asked for: defaults by platform, more or fewer by configuration (protocol.md 7.2). Pure.

export interface CommandRules {
  allowCommands: readonly string[];
  denyCommands: readonly string[];
}

const canvas = ["canvas.present", "canvas.hide", "canvas.navigate", "canvas.eval", "canvas.snapshot", "canvas.a2ui.push", "canvas.a2ui.pushJSONL", "canvas.a2ui.reset"];
const camera = ["camera.list", "camera.snap", "camera.clip"];
const mobile = [...canvas, ...camera, "screen.record", "location.get"];
const system = ["system.run", "system.which", "system.notify", "system.execApprovals.get", "system.execApprovals.set"];
const desktop = [...system, "browser.proxy"];

const byPlatform = {
  ios: new Set(mobile),
  android: new Set([...mobile, "sms.send"]),
  macos: new Set([...mobile, ...desktop]),
  linux: new Set(desktop),
  windows: new Set(desktop),
  unknown: new Set([...mobile, "sms.send", ...desktop]),
} as const;
export type PlatformKey = keyof typeof byPlatform;

/** The platform decides; where it says nothing known, the device family does. */
export function platformKey(platform: string | undefined, deviceFamily: string | undefined): PlatformKey {
  return keyOf(platform ?? "") ?? keyOfFamily(deviceFamily ?? "") ?? "unknown";
}

export function isAllowed(node: { platform?: string; deviceFamily?: string }, command: string, rules: CommandRules): boolean {
  if (rules.denyCommands.includes(command)) return false;
  return byPlatform[platformKey(node.platform, node.deviceFamily)].has(command) || rules.allowCommands.includes(command);
}

function keyOf(platform: string): PlatformKey | undefined {
  const name = platform.trim().toLowerCase();
  if (/^ios\b/.test(name) || name === "ios") return "ios";
  if (name.startsWith("android")) return "android";
  if (name.startsWith("mac") || name.startsWith("darwin")) return "macos";
  if (name.startsWith("linux")) return "linux";
  if (name.startsWith("win")) return "windows";
  return undefined;
}

function keyOfFamily(family: string): PlatformKey | undefined {
  const name = family.trim().toLowerCase();
  if (/iphone|ipad|ios/.test(name)) return "ios";
  if (name.includes("android")) return "android";
  if (name.includes("mac")) return "macos";
  if (name.includes("linux")) return "linux";
  if (name.includes("win")) return "windows";
  return undefined;
}
