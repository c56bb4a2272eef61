// Writes what follows from the method registry, the events, the faults and the configuration schema: client types, JSON schema and reference pages. `--check` only says whether they are current.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describeSchema } from "../src/config/describe.ts";
import { configSchema } from "../src/config/schema.ts";
import { cliPage } from "./gen/cli-page.ts";
import { clientTypes, eventTypes } from "./gen/client-types.ts";
import { errorsPage, eventsPage, methodsPage } from "./gen/protocol-pages.ts";
import { protocolSchema } from "./gen/protocol-schema.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folders in which nothing else may stand. */
const ownFolders = ["src/protocol/generated", "docs/protocol", "docs/config"];

function files(): Map<string, string> {
  return new Map([
    ["src/protocol/generated/methods.ts", clientTypes()],
    ["src/protocol/generated/events.ts", eventTypes()],
    ["docs/protocol/schema.json", `${JSON.stringify(protocolSchema(), null, 1)}\n`],
    ["docs/protocol/methods.md", methodsPage()],
    ["docs/protocol/events.md", eventsPage()],
    ["docs/protocol/errors.md", errorsPage()],
    ["docs/cli.md", cliPage()],
    ...describeSchema(configSchema).map(({ file, text }) => [`docs/config/${file}`, text] as const),
  ]);
}

async function present(): Promise<string[]> {
  const found = await Promise.all(ownFolders.map(async (folder) => (await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)))));
  return found.flat();
}

const wanted = files();
const leftOver = (await present()).filter((name) => !wanted.has(name));
const isCheck = process.argv.includes("--check");
const stale: string[] = [...leftOver];
for (const [name, text] of wanted) {
  const path = join(root, name);
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) continue;
  stale.push(name);
  if (isCheck) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
if (!isCheck) for (const name of leftOver) await rm(join(root, name));
if (isCheck && stale.length > 0) {
  process.stderr.write(`not current, run \`npm run gen\`:\n${stale.map((name) => `  ${name}\n`).join("")}`);
  process.exitCode = 1;
} else process.stdout.write(isCheck ? `${wanted.size} generated files are current\n` : `${stale.length} of ${wanted.size} files written\n`);
