// The layer table as failing checks: one rule per row, each with what that folder may import. Everything else of ours is forbidden to it.
// Run by `npm run check`; test/layering.test.ts plants one bad import per rule and sees it caught.

/** Layers 0 and 1, as a path pattern. */
const low = "base|protocol|client|sdk|store";
/** Layer 2. */
const middle = "config|host|guard|vault";
/** Layer 3. */
const managers = "sessions|devices|channels|execution|models|memory|agents|cron";

/** Folder of src/ → what it may import of ours beside itself (a pattern below src/). */
const rows = {
  base: null,
  protocol: null,
  client: "protocol/",
  sdk: "(base|protocol)/",
  store: "(base/|sdk/backends\\.ts$)",
  config: `(${low})/`,
  host: `(${low}|config|vault)/`,
  guard: `(${low}|config)/`,
  vault: `(${low}|config)/`,
  sessions: `(${low}|${middle})/`,
  devices: `(${low}|${middle})/`,
  channels: `(${low}|${middle})/`,
  execution: `(${low}|${middle}|devices)/`,
  models: `(${low}|${middle})/`,
  memory: `(${low}|${middle})/`,
  agents: `(${low}|${middle}|execution|sessions|models|memory)/`,
  cron: `(${low}|${middle})/`,
  flows: `(${low}|${middle}|${managers})/`,
  gateway: `(${low}|${middle}|${managers}|flows)/`,
  cli: "((base|protocol|client|sdk|store|config|host|vault)/|app\\.ts$)",
};

const ours = "^(src|extensions|ui|apps|test|scripts)/";
const tests = "(\\.test\\.ts$|^test/)";

const layers = Object.entries(rows).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: allowed ? `src/${folder} may import only: ${allowed}` : `src/${folder} imports nothing else of ours`,
  severity: "error",
  from: { path: `^src/${folder}/`, pathNot: tests },
  to: { path: ours, pathNot: allowed ? [`^src/${folder}/`, `^src/${allowed}`] : [`^src/${folder}/`] },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: "app-only-from-run",
      comment: "Only main.ts and the commands `gateway run` and `worker run` build the whole program.",
      severity: "error",
      from: { path: ours, pathNot: [tests, "^src/main\\.ts$", "^src/cli/(commands/)?(gateway|worker)(-run)?\\.ts$"] },
      to: { path: "^src/app\\.ts$" },
    },
    {
      name: "main-is-the-end",
      comment: "Nothing imports the entry.",
      severity: "error",
      from: {},
      to: { path: "^src/main\\.ts$" },
    },
    {
      name: "app-knows-no-face",
      comment: "The composition root builds managers, flows and the gateway; it has no command line and no tests.",
      severity: "error",
      from: { path: "^src/app\\.ts$" },
      to: { path: "^(src/cli|extensions|ui|apps|test|scripts)/" },
    },
    {
      name: "extension-only-sdk",
      comment: "An extension imports the SDK, its own files and its own packages.",
      severity: "error",
      from: { path: "^extensions/([^/]+)/" },
      to: { path: ours, pathNot: ["^src/sdk/", "^extensions/$1/"] },
    },
    {
      name: "ui-only-client",
      comment: "The UI imports the client and the protocol.",
      severity: "error",
      from: { path: "^ui/", pathNot: tests },
      to: { path: ours, pathNot: ["^ui/", "^src/(client|protocol)/"] },
    },
    {
      name: "browser-safe",
      comment: "These folders run in a browser: no Node modules.",
      severity: "error",
      from: { path: "^(src/(client|protocol)|ui)/", pathNot: [tests, "^ui/vite\\.config\\.ts$"] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "protocol-only-schema-library",
      comment: "The protocol needs the schema library and nothing else; the client not even that.",
      severity: "error",
      from: { path: "^src/(client|protocol)/", pathNot: tests },
      to: { path: "node_modules/", pathNot: "node_modules/typebox/" },
    },
    {
      name: "one-engine-module",
      comment: "The Pi loop is behind one module; swapping it is one file.",
      severity: "error",
      from: { path: "^(src|extensions)/", pathNot: [tests, "^src/agents/pi\\.ts$"] },
      to: { path: "node_modules/@earendil-works/pi-agent-core/" },
    },
    {
      name: "tests-stay-outside",
      comment: "The program does not import tests, fixtures or contract suites.",
      severity: "error",
      from: { path: "^(src|extensions|ui)/", pathNot: [tests, "^src/sdk/testing/"] },
      to: { path: ["\\.test\\.ts$", "^test/", "^src/sdk/testing/"] },
    },
    {
      name: "no-circular",
      comment: "No import cycles, type imports included.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "A file that nothing imports and that imports nothing is left over.",
      severity: "error",
      from: { orphan: true, path: "^(src|extensions|ui)/", pathNot: ["\\.test\\.ts$", "\\.d\\.ts$", "^src/main\\.ts$", "^src/protocol/generated/", "^src/sdk/", "^extensions/[^/]+/index\\.ts$"] },
      to: {},
    },
    {
      name: "resolvable",
      comment: "Every import leads somewhere.",
      severity: "error",
      from: { path: ours },
      to: { couldNotResolve: true, pathNot: ["\\.css(\\?inline)?$", "^\\./main\\.mjs$"] },
    },
  ],
  options: {
    parser: "swc", // The TypeScript package of this major has no compiler API; with it alone nothing would be seen.
    tsPreCompilationDeps: true, // type imports count
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["^dist/", "^ui/dist/"] },
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".mjs", ".js", ".cjs", ".json"],
    },
  },
};
