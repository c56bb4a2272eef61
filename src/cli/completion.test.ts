// Completion as real shells give it.
import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { allCommands, describeCommands, type CommandDescription } from "./command-tree.ts";
import { completionScript, type Shell } from "./completion.ts";
import { createProgram } from "./program.ts";

const program = createProgram({ version: "1", commands: allCommands, out: () => undefined, err: () => undefined, choose: () => undefined });
const script = (shell: Shell) => completionScript(shell, program);
const flat = (some: readonly CommandDescription[]): CommandDescription[] => some.flatMap((one) => [one, ...flat(one.commands)]);

/** Words on standard error would stand in the middle of what a person types. */
function run(shell: Shell, args: string[], text: string): string {
  const { stdout, stderr, error } = spawnSync(shell, [...args, text], { encoding: "utf8" });
  if (error || stderr !== "") throw error ?? new Error(`${shell} complains: ${stderr}`);
  return stdout;
}

/** What a shell offers for a line; the last word is the one that is completed. */
const offeredBy: Record<Shell, (line: string) => string[]> = {
  bash(line) {
    const words = line.split(" ");
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const driver = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _openclaw; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run("bash", ["--norc", "-uc"], `${script("bash")}\n${driver}`).split("\n").filter((word) => word !== "");
  },
  // The functions through which zsh's completion system is told print what they get; it filters by what was typed itself.
  zsh(line) {
    const words = line.split(" ");
    const typed = words.at(-1) ?? "";
    const stand = `compdef() { :; }; _files() { :; }; compadd() { shift; print -rl -- "$@"; }; _describe() { print -rl -- "\${(@P)2}"; }`;
    const driver = `words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}; _openclaw`;
    return run("zsh", ["-fc"], `${stand}\n${script("zsh")}\n${driver}`).split("\n").map((word) => word.split(":")[0] ?? "").filter((word) => word !== "" && word.startsWith(typed));
  },
  fish: (line) => run("fish", ["--no-config", "-c"], `${script("fish")}\ncomplete -C '${line}'`).split("\n").map((word) => word.split("\t")[0] ?? "").filter((word) => word !== ""),
};
const offered = offeredBy.bash;

describe("bash", () => {
  it("takes the script without a complaint and registers it", () => {
    expect(execFileSync("bash", ["--norc", "-euc", `${script("bash")}\ncomplete -p openclaw`], { encoding: "utf8" })).toContain("-F _openclaw openclaw");
  });

  const table: [string, string[]][] = [
    ["openclaw st", ["status"]],
    ["openclaw gateway st", ["start", "stop", "status"]],
    ["openclaw --json gateway re", ["restart"]],
    ["openclaw devices --url ws://x app", ["approve"]],
    ["openclaw gateway call --par", ["--params"]],
    ["openclaw agent --thinking mi", ["minimal"]],
    ["openclaw completion ", ["bash", "zsh", "fish"]],
    ["openclaw sessions d", ["delete"]],
    ["openclaw sessions list --act", ["--active"]],
    ["openclaw he", ["health", "help"]],
    ["openclaw gateway run --bind l", ["loopback", "lan"]],
    ["openclaw nosuch ", flat(describeCommands()).filter((one) => !one.path.includes(" ")).map((one) => one.path).concat("help")],
    ["openclaw gateway run --back", []],
  ];
  it.each(table)("completes %j", (line, words) => {
    expect(offered(line).toSorted()).toEqual(words.toSorted());
  });

  it("offers every command and every option of the tree", () => {
    let seen = 0;
    for (const { path, options, commands } of flat(describeCommands())) {
      expect(offered(`openclaw ${path} --`), path).toEqual(expect.arrayContaining(options.flatMap((option) => /--[a-z-]+/.exec(option.flags) ?? []).concat("--help")));
      if (commands.length > 0) expect(offered(`openclaw ${path} `)).toEqual(commands.map((child) => child.path.split(" ").at(-1)));
      seen++;
    }
    expect(seen).toBeGreaterThan(45);
  });
});

describe.each(["zsh", "fish"] as const)("%s", (shell) => {
  const table: [string, string[]][] = [
    ["openclaw st", ["status"]],
    ["openclaw gateway st", ["start", "stop", "status"]],
    ["openclaw --json gateway re", ["restart"]],
    ["openclaw gateway call --par", ["--params"]],
    ["openclaw agent --thinking mi", ["minimal"]],
    ["openclaw completion ", ["bash", "zsh", "fish"]],
    ["openclaw gateway run --bind l", ["loopback", "lan"]],
  ];
  it.each(table)("completes %j and complains of nothing", (line, words) => {
    expect(offeredBy[shell](line).toSorted()).toEqual(words.toSorted());
  });

  it("knows every command and option", () => {
    const text = script(shell);
    for (const { path, options } of flat(describeCommands())) {
      expect(text).toContain(`'${path}'`);
      for (const option of options) {
        const long = /--([a-z-]+)/.exec(option.flags)?.[1];
        expect(text).toContain(shell === "fish" ? `-l ${long} ` : `--${long}:`);
      }
    }
  });
});

describe("zsh and fish", () => {
  it("quote what a summary may hold", () => {
    for (const shell of ["zsh", "fish"] as const) expect(script(shell)).toContain("gateway'\\''s log");
  });
});
