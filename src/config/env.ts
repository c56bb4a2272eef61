// The environment, read once: the only file that looks at process.env.
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { Secret } from "../base/secret.ts";
import { keyVariables } from "../sdk/key-variables.ts";
import { stateFolders, variablePrefixes } from "./legacy-names.ts";

export interface Env {
  /** A variable as it was when the program started; an empty one counts as absent. */
  get(name: string): string | undefined;
  /** OPENCLAW_<name>, or the same under an older brand. */
  own(name: string): string | undefined;
  /** Folder that stands for `~`. */
  readonly home: string;
  readonly profile: string | undefined;
  readonly configPath: string | undefined;
  readonly gatewayPort: number | undefined;
  readonly gatewayToken: Secret | undefined;
  readonly gatewayPassword: Secret | undefined;
  readonly gatewayUrl: string | undefined;
  /** The key of a model provider by its customary variable. */
  providerKey(provider: string): Secret | undefined;
  /** Names of the customary variables of a provider; for one nobody knows, <ID>_API_KEY. */
  providerKeyNames(provider: string): readonly string[];
  /** Makes `~/x` and relative paths absolute. */
  path(path: string): string;
  /** The few variables a child process may see. */
  forChildren(): Record<string, string>;
}

const childVariables = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ", "TMPDIR", "TEMP", "TMP", "SystemRoot", "ComSpec", "PATHEXT", "XDG_RUNTIME_DIR"];

export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): Env {
  const taken = new Map(Object.entries(source).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== ""));
  const get = (name: string) => taken.get(name);
  const own = (name: string) => variablePrefixes.map((prefix) => get(`${prefix}_${name}`)).find((value) => value !== undefined);
  const home = own("HOME") ?? get("HOME") ?? get("USERPROFILE") ?? homedir();
  const path = (given: string) => {
    if (given === "~") return home;
    if (given.startsWith("~/")) return join(home, given.slice(2));
    return isAbsolute(given) ? given : resolve(given);
  };
  const hidden = (value: string | undefined) => (value === undefined ? undefined : new Secret(value));
  const providerKeyNames = (provider: string): readonly string[] => hasCustomaryKey(provider) ? keyVariables[provider] : [`${provider.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_API_KEY`];
  const config = own("CONFIG_PATH");
  return {
    get,
    own,
    home,
    path,
    providerKeyNames,
    profile: own("PROFILE"),
    configPath: config === undefined ? undefined : path(config),
    gatewayPort: portOf(own("GATEWAY_PORT")),
    gatewayToken: hidden(own("GATEWAY_TOKEN")),
    gatewayPassword: hidden(own("GATEWAY_PASSWORD")),
    gatewayUrl: own("GATEWAY_URL"),
    providerKey: (provider) => hidden(providerKeyNames(provider).map(get).find((value) => value !== undefined)),
    forChildren: () => Object.fromEntries([...taken].filter(([name]) => childVariables.includes(name) || name.startsWith("LC_"))),
  };
}

/** Where state lives: the variable, else the first folder of any era that is there, else today's. */
export async function findStateDir(env: Env, isFolder: (path: string) => Promise<boolean>): Promise<string> {
  const named = env.own("STATE_DIR");
  if (named !== undefined) return env.path(named);
  const suffix = env.profile === undefined || env.profile === "default" ? "" : `-${env.profile}`;
  const folders = stateFolders.map((folder) => join(env.home, `${folder}${suffix}`));
  for (const folder of folders) if (await isFolder(folder)) return folder;
  return join(env.home, `${stateFolders[0]}${suffix}`);
}

function hasCustomaryKey(provider: string): provider is keyof typeof keyVariables {
  return Object.hasOwn(keyVariables, provider);
}

function portOf(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,5}$/.test(value)) return undefined;
  const port = Number(value);
  return port <= 65_535 ? port : undefined;
}
