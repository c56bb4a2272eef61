// pi-ai hides some imports behind a variable so that browser bundlers do not follow them; ours must, or they would miss at run time.
const REWRITES = [
  { file: /@earendil-works\/pi-ai\/dist\/auth\/oauth\/load\.js$/, call: "importOAuthModule", count: 8 },
  { file: /@earendil-works\/pi-ai\/dist\/api\/bedrock-converse-stream\.lazy\.js$/, call: "importNodeOnlyApi", count: 1 },
];

/** A rolldown plugin; throws when the package changed so that a rewrite no longer fits. */
export function literalImports() {
  return {
    name: "literal-imports",
    transform: {
      filter: { id: /@earendil-works[\\/]pi-ai/ },
      handler(code, id) {
        const rewrite = REWRITES.find(({ file }) => file.test(id.replaceAll("\\", "/")));
        if (!rewrite) return null;
        let found = 0;
        const literal = code.replace(new RegExp(`${rewrite.call}\\("(\\./[\\w-]+)\\.ts"\\)`, "g"), (_, name) => {
          found += 1;
          return `import("${name}.js")`;
        });
        if (found !== rewrite.count) throw new Error(`${id}: expected ${rewrite.count} hidden imports, found ${found}`);
        return { code: literal };
      },
    },
  };
}
