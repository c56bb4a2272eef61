// Becomes dist/openclaw.mjs: finds a Node that is new enough, then loads the program. Must parse on Node 18.
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import path from "node:path";
import { relay } from "./boot/relay.mjs";
import { cacheDir, findInstalledNode, isNodeNewEnough, NODE_FLOOR } from "./boot/toolchain.mjs";

/* global __OPENCLAW_VERSION__ -- put in by scripts/build.mjs */
const VERSION = __OPENCLAW_VERSION__;
/** EX_CONFIG: a service manager does not try again. */
const EXIT_CONFIG = 78;
const FLUSH_AFTER_MS = 5_000;

/** The Node that built this checkout; a published package has no such note. */
function nodeOfBuild() {
  const note = new URL(".node", import.meta.url);
  const node = existsSync(note) ? readFileSync(note, "utf8").trim() : "";
  return node !== "" && existsSync(node) ? node : undefined;
}

async function start(args) {
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  if (!isNodeNewEnough(process.versions.node)) {
    const node = findInstalledNode() ?? nodeOfBuild();
    // The mark keeps a Node that is not what its folder says from starting itself for ever.
    if (node && !process.env.OPENCLAW_RELAYED) return relay(node, [...process.execArgv, ...process.argv.slice(1)], { env: { ...process.env, OPENCLAW_RELAYED: "1" } });
    process.stderr.write(`openclaw needs Node ${NODE_FLOOR.join(".")} or newer; this is ${process.versions.node}. Install Node 24, or run "node scripts/boot.mjs build" in a checkout, which brings its own.\n`);
    process.exitCode = EXIT_CONFIG;
    return;
  }
  module.enableCompileCache(path.join(cacheDir(), "compile", VERSION));
  // A gateway is often killed, not closed: what was compiled by then is kept all the same.
  setTimeout(() => module.flushCompileCache(), FLUSH_AFTER_MS).unref();
  await import("./main.mjs");
}

await start(process.argv.slice(2));
