// Keeps README and docs true: links lead somewhere, commands and options exist, configuration keys are in the schema, every refusal has its row.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { knownCloseCodes, knownRefusalCodes } from "../src/client/refusals.ts";
import { allCommands } from "../src/cli/command-tree.ts";
import { createProgram } from "../src/cli/program.ts";
import { parsePath } from "../src/config/path.ts";
import { configNode } from "../src/config/schema.ts";
import { schemaAt } from "../src/config/schema-node.ts";
import { coreMethods } from "../src/gateway/methods/all.ts";
import { projectRoot } from "./fixtures/gateway-process.ts";

interface Page { path: string; text: string }

/** Made by npm run gen from the code itself. */
const generated = /^docs\/(?:protocol|config)\/|^docs\/cli\.md$/;
/** The others speak of code, whose names may look like keys. */
const forUsers = /^README\.md$|^docs\/(?:guide|security)/;
const pages = readPages(projectRoot);
const written = pages.filter((page) => !generated.test(page.path));

test("every link in README and docs leads to a file that is there, and to a heading of it", () => {
  const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, link })));
  const dead = links.filter(({ page, link }) => !leadsSomewhere(page, link)).map(({ page, link }) => `${page.path}: ${link}`);
  console.log(`${links.length} links in ${pages.length} pages`);
  expect(dead).toEqual([]);
  expect(links.length).toBeGreaterThan(40);
});

test("every openclaw command in README and docs exists, with its options", () => {
  const lines = written.flatMap((page) => commandLines(page.text).map((line) => ({ page, line })));
  const wrong = lines.flatMap(({ page, line }) => problemsOf(line).map((problem) => `${page.path}: ${line}: ${problem}`));
  console.log(`${lines.length} command lines`);
  expect(wrong).toEqual([]);
  expect(lines.length).toBeGreaterThan(60);
});

test("every configuration key in README and docs is in the schema", () => {
  const keys = written.filter((page) => forUsers.test(page.path)).flatMap((page) => configKeys(page.text).map((key) => ({ page, key })));
  const unknown = keys.filter(({ key }) => schemaAt(configNode, parsePath(key)) === undefined).map(({ page, key }) => `${page.path}: ${key}`);
  console.log(`${keys.length} configuration keys`);
  expect(unknown).toEqual([]);
  expect(keys.length).toBeGreaterThan(30);
});

test("troubleshooting has a row for every refusal and every close code", () => {
  const rows = pageAt("docs/guide/troubleshooting.md").text.split("\n").filter((line) => line.startsWith("|"));
  const cells = rows.map((row) => row.split("|")[1] ?? "");
  const missing = [...knownRefusalCodes, ...knownCloseCodes.map(String)].filter((code) => !cells.some((cell) => cell.includes(`\`${code}\``)));
  console.log(`${knownRefusalCodes.length} refusals, ${knownCloseCodes.length} close codes`);
  expect(missing).toEqual([]);
});

test("every test that docs/security.md quotes is in the file it names", () => {
  const page = pageAt("docs/security.md");
  const quotes = [...page.text.matchAll(/\[[^\]]*\]\(([^)\s]+\.test\.ts)\): “([^”]+)”/g)];
  const missing = quotes.filter(([, link = "", name = ""]) => !readFileSync(resolve(projectRoot, dirname(page.path), link), "utf8").includes(name)).map(([, link, name]) => `${link}: ${name}`);
  console.log(`${quotes.length} quoted tests`);
  expect(missing).toEqual([]);
  expect(quotes.length).toBeGreaterThan(20);
});

test("the checks see what is wrong", () => {
  const page = { path: "docs/guide.md", text: "" };
  expect(leadsSomewhere(page, "nowhere.md")).toBe(false);
  expect(leadsSomewhere({ path: "README.md", text: "" }, "docs/guide.md#no-such-heading")).toBe(false);
  expect(commandLines("Say `openclaw modls list`.\n\n```\n$ cat key | openclaw onboard --nothing\n```")).toEqual(["openclaw onboard --nothing", "openclaw modls list"]);
  expect(problemsOf("openclaw modls list")).toEqual(["no such command: modls"]);
  expect(problemsOf("openclaw onboard --nothing")).toEqual(["no such option: --nothing"]);
  expect(problemsOf("openclaw config set gateway.prt 1")).toEqual(["no such key: gateway.prt"]);
  expect(problemsOf("openclaw gateway call no.such")).toEqual(["no such method: no.such"]);
  expect(problemsOf('openclaw agent -m "openclaw --nothing" --agent x')).toEqual([]);
  expect(configKeys("`gateway.prt` and `gateway.port: 1` and `sessions.list`")).toEqual(["gateway.prt", "gateway.port"]);
  expect(schemaAt(configNode, parsePath("gateway.prt"))).toBeUndefined();
});

function readPages(root: string): Page[] {
  const found = ["README.md", ...filesIn(join(root, "docs")).map((path) => relative(root, path))];
  return found.filter((path) => path.endsWith(".md")).map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesIn(join(dir, entry.name)) : [join(dir, entry.name)]));
}

function pageAt(path: string): Page {
  const page = pages.find((one) => one.path === path);
  if (!page) throw new Error(`there is no ${path}`);
  return page;
}

/** Links to files of ours; code is not looked at. */
function linksOf({ text }: Page): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(page: Page, link: string): boolean {
  const [file = "", heading] = link.split("#");
  const target = file === "" ? join(projectRoot, page.path) : resolve(projectRoot, dirname(page.path), file);
  if (!existsSync(target)) return false;
  if (heading === undefined) return true;
  return statSync(target).isFile() && headingsOf(readFileSync(target, "utf8")).includes(heading);
}

/** As GitHub makes anchors of them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replace(/ /g, "-"));
}

/** In blocks and in running text; what stands before a pipe or a variable is cut off. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].flatMap(([, body = ""]) => body.split("\n"));
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, body = ""]) => body);
  return [...blocks, ...inline].flatMap((line) => {
    const found = /(?:^\s*(?:\$ )?|\| |[A-Z_]+=\S+ )(?:openclaw|node dist\/openclaw\.mjs) (?=\S)(.*)$/.exec(line);
    return found ? [`openclaw ${(found[1] ?? "").replace(/\s+# .*$/, "").trim()}`] : [];
  });
}

function problemsOf(line: string): string[] {
  const words = (line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? []).slice(1).filter((word) => word !== "…");
  const problems: string[] = [];
  let command: Command = createProgram({ version: "0", commands: allCommands, out: () => undefined, err: () => undefined, choose: () => undefined });
  const args: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if ([">", "|", "&&", "&"].includes(word)) break;
    if (!word.startsWith("-") || word === "-") {
      const child = args.length > 0 ? undefined : command.commands.find((one) => one.name() === word);
      if (child) command = child;
      else if (command.commands.length > 0 && args.length === 0 && !word.startsWith("<")) return [`no such command: ${word}`];
      else args.push(word);
      continue;
    }
    const [flag = ""] = word.split("=");
    const option = command.options.find((one) => one.short === flag || one.long === flag);
    if (!option && !["--help", "-h"].includes(flag)) problems.push(`no such option: ${flag}`);
    if (option && (option.required || option.optional) && !word.includes("=")) at++;
  }
  const path = command.parent?.name() === "config" ? args[0] : undefined;
  if (path !== undefined && !path.startsWith("<") && schemaAt(configNode, parsePath(path)) === undefined) problems.push(`no such key: ${path}`);
  const method = command.name() === "call" ? args[0] : undefined;
  if (method !== undefined && !method.startsWith("<") && !coreMethods.some((one) => one.name === method)) problems.push(`no such method: ${method}`);
  return problems;
}

/** Inline code that reads like a key of the configuration; names of methods are none. */
function configKeys(text: string): string[] {
  const sections = "gateway|agents|models|session|messages|tools|logging|store|extensions";
  return [...text.matchAll(new RegExp(`\`((?:${sections})(?:\\.[A-Za-z][\\w-]*(?:\\[\\d+\\])?)+)(?:: [^\`]*)?\``, "g"))]
    .map(([, key = ""]) => key)
    .filter((key) => !coreMethods.some((method) => method.name === key) && !/\.(?:ts|json|md|yaml|db|lock)$/.test(key) && key !== "gateway.token");
}
