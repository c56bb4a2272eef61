// The one way in on a fresh clone: brings the right Node, pnpm and dependencies, builds, runs. No dependencies; parses on Node 18.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { contentKey, readStamp, treeKey, writeStamp } from "./boot/fingerprint.mjs";
import { withLock } from "./boot/lock.mjs";
import { relay } from "./boot/relay.mjs";
import { reasonFor, runStep, say, SetupError } from "./boot/step.mjs";
import { cacheDir, findInstalledNode, isNodeNewEnough, nodePackageName, NODE_VERSION, PNPM_VERSION, pnpmBinaries, sweepTools, toolDir } from "./boot/toolchain.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const isWindows = process.platform === "win32";

const USAGE = `usage: node scripts/boot.mjs <command>
  start [args]               set up, build, run the gateway
  test [args]                set up, build, run all checks and tests
  build [--pack]            set up and build, then stop
  run [--build] <script> [args]   set up, then run a script with the right Node`;

async function main([command, ...args]) {
  switch (command) {
    case "start":
      return runNode(await prepare({ build: true }), ["dist/openclaw.mjs", "gateway", "run", "--print-link", ...args]);
    case "test":
      return runNode(await prepare({ build: true }), ["scripts/test.mjs", ...args]);
    case "build":
      await prepare({ build: true, pack: args.includes("--pack") });
      return;
    case "run": {
      const build = args[0] === "--build";
      const [script, ...rest] = build ? args.slice(1) : args;
      if (!script) throw new SetupError(USAGE);
      return runNode(await prepare({ build }), [script, ...rest]);
    }
    default:
      throw new SetupError(USAGE);
  }
}

/** Makes everything ready that is not; returns the Node to use. */
async function prepare({ build, pack = false }) {
  const { node, pnpm } = await ensureTools();
  const env = childEnv(node);
  if (isReady(build, pack)) return { node, env };
  await withLock(lockFile(createHash("sha256").update(root).digest("hex").slice(0, 16)), () => say("waiting for another run that is setting up …"), async () => {
    await ensureDependencies(pnpm, env);
    if (build) await ensureBuild(node, env, pack);
  });
  return { node, env };
}

function isReady(build, pack) {
  if (readStamp(dependencyStamp()) !== dependencyKey()) return false;
  return !build || (!pack && readStamp(buildStamp()) === buildKey() && existsSync(path.join(root, "dist", "openclaw.mjs")));
}

// --- tools: Node (only where the running one is too old) and pnpm

async function ensureTools() {
  const ownNode = isNodeNewEnough(process.versions.node) ? process.execPath : undefined;
  if ((ownNode || findInstalledNode()) && pnpmBinaries().length > 0) return { node: ownNode ?? findInstalledNode(), pnpm: pnpmBinaries() };
  await withLock(lockFile("tools"), () => say("waiting for another run that is installing the tools …"), async () => {
    sweepTools();
    if (!ownNode && !findInstalledNode()) await installTool(`Installing Node ${NODE_VERSION}`, "node", NODE_VERSION, `${nodePackageName()}@${NODE_VERSION}`);
    if (pnpmBinaries().length === 0) await installTool(`Installing pnpm ${PNPM_VERSION}`, "pnpm", PNPM_VERSION, `pnpm@${PNPM_VERSION}`);
  });
  const node = ownNode ?? findInstalledNode();
  if (!node) throw new SetupError(`there is no Node ${NODE_VERSION} package for ${process.platform}-${process.arch}; please install Node 24 yourself`);
  if (pnpmBinaries().length === 0) throw new SetupError(`there is no pnpm binary for ${process.platform}-${process.arch}`);
  return { node, pnpm: pnpmBinaries() };
}

// Installed aside and renamed: a tool folder is either complete or absent.
async function installTool(title, tool, version, spec) {
  const dir = toolDir(tool, version);
  const aside = `${dir}.tmp-${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    await runStep(title, "npm", ["install", "--prefix", aside, "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", spec], {
      cwd: aside,
      shell: isWindows, // npm is a .cmd file there
      env: { ...process.env, NODE_ENV: "" },
    });
    rmSync(dir, { recursive: true, force: true });
    renameSync(aside, dir);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

// --- dependencies

function dependencyStamp() {
  return path.join(root, "node_modules", ".boot-key");
}

function dependencyKey() {
  const extensions = path.join(root, "extensions");
  const manifests = existsSync(extensions) ? readdirSync(extensions).map((id) => `extensions/${id}/package.json`) : [];
  return contentKey(root, ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests.sort()], PNPM_VERSION, process.platform, process.arch);
}

async function ensureDependencies(pnpm, env) {
  const key = dependencyKey();
  if (readStamp(dependencyStamp()) === key) return;
  // Installing through a link would rewrite the other checkout's packages.
  if (isLink(path.join(root, "node_modules"))) throw new SetupError("node_modules is a link to another checkout whose dependencies differ; remove the link");
  await runStep("Installing dependencies", workingBinary(pnpm), ["install", "--frozen-lockfile", "--reporter=append-only"], {
    cwd: root,
    env: { ...env, CI: "true", NODE_ENV: "" }, // CI: never ask
  });
  writeStamp(dependencyStamp(), key);
}

function isLink(file) {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function workingBinary(candidates) {
  if (candidates.length === 1) return candidates[0];
  const works = candidates.find((file) => {
    try {
      execFileSync(file, ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false; // Built for another C library: the next one is tried.
    }
  });
  if (!works) throw new SetupError("no pnpm binary runs on this system");
  return works;
}

// --- UI and bundle

const BUILT_FROM = ["src", "extensions", "ui", "skills", "docs", "scripts", "package.json", "pnpm-lock.yaml", "README.md", "LICENSE"];

function buildStamp() {
  return path.join(root, "dist", ".build-key");
}

function buildKey() {
  return treeKey(root, BUILT_FROM);
}

async function ensureBuild(node, env, pack) {
  const key = buildKey();
  if (!pack && readStamp(buildStamp()) === key && existsSync(path.join(root, "dist", "openclaw.mjs"))) return;
  await runStep("Building", node, ["scripts/build.mjs", ...(pack ? ["--pack"] : [])], { cwd: root, env });
  // Read by dist/openclaw.mjs when it is started by an older Node, also where the cache folder is another user's.
  writeStamp(path.join(root, "dist", ".node"), node);
  writeStamp(buildStamp(), key);
}

// --- running

function childEnv(node) {
  const bins = [path.dirname(node), path.join(root, "node_modules", ".bin")];
  const pathKey = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  return { ...process.env, [pathKey]: [...bins, process.env[pathKey] ?? ""].join(path.delimiter) };
}

function runNode({ node, env }, args) {
  return relay(node, args, { cwd: root, env });
}

function lockFile(name) {
  return path.join(cacheDir(), "locks", `${name}.lock`);
}

main(process.argv.slice(2)).catch((error) => {
  // A system error (disk full, no permission) has a one-line reason too; anything else is a bug and shows its stack.
  const line = error instanceof SetupError ? error.message : typeof error?.syscall === "string" ? reasonFor(error.message) : undefined;
  process.stderr.write(line ? `openclaw: ${line}\n` : `${error?.stack ?? error}\n`);
  process.exit(1);
});
