// Completion scripts for bash, zsh and fish from commander's tree. They hold every word themselves: completing starts no program.
import type { Command } from "commander";

export type Shell = "bash" | "zsh" | "fish";

/** One command with the words that may follow it. */
interface Node {
  /** Names from the root, without `openclaw`. */
  path: string[];
  commands: { name: string; summary: string }[];
  options: { flags: string[]; summary: string; takesValue: boolean; choices: string[] }[];
  /** Choices of its first argument. */
  choices: string[];
}

export function completionScript(shell: Shell, program: Command): string {
  const nodes = walk(program, []);
  switch (shell) {
    case "bash":
      return bash(nodes);
    case "zsh":
      return zsh(nodes);
    case "fish":
      return fish(nodes);
  }
}

function walk(command: Command, path: string[]): Node[] {
  const children = command.commands.filter((child) => !(child as Command & { _hidden?: boolean })._hidden); // commander keeps `hidden` there and nowhere else
  const node: Node = {
    path,
    commands: [...children.map((child) => ({ name: child.name(), summary: child.summary() })), ...(path.length === 0 ? [{ name: "help", summary: "help for a command" }] : [])],
    options: [
      ...command.options.filter((option) => !option.hidden).map((option) => ({ flags: [option.short, option.long].filter((flag) => flag !== undefined), summary: option.description, takesValue: option.required || option.optional, choices: option.argChoices ?? [] })),
      { flags: ["-h", "--help"], summary: "display help for command", takesValue: false, choices: [] },
    ],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [node, ...children.flatMap((child) => walk(child, [...path, child.name()]))];
}

const key = (node: Node) => node.path.join(" ");
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const words = (node: Node) => [...node.commands.map((child) => child.name), ...node.choices];
const flags = (node: Node) => node.options.flatMap((option) => option.flags);

/** Lines of `case` for each command that has something to say. */
function cases(nodes: readonly Node[], text: (node: Node) => string): string {
  return nodes.map((node) => [node, text(node)] as const).filter(([, line]) => line !== "").map(([node, line]) => `    ${quoted(key(node))}) ${line} ;;`).join("\n");
}

/** The choices of options: `command|--option) words ;;` */
function choiceCases(nodes: readonly Node[]): string {
  const lines = nodes.flatMap((node) => node.options.filter((option) => option.choices.length > 0).map((option) => `    ${option.flags.map((flag) => quoted(`${key(node)}|${flag}`)).join("|")}) choices=${quoted(option.choices.join(" "))} ;;`));
  return lines.join("\n");
}

function valueFlags(nodes: readonly Node[]): string {
  const all = nodes.flatMap((node) => node.options.filter((option) => option.takesValue).flatMap((option) => option.flags));
  return [...new Set(all)].join("|");
}

function bash(nodes: readonly Node[]): string {
  return `# bash completion for openclaw. Use it: source <(openclaw completion bash)
_openclaw() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' at='' word='' skip='' words='' flags='' choices='' files=''
  local index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
      ${valueFlags(nodes)}) skip=1; continue ;;
      -*) continue ;;
    esac
    case " $(_openclaw_commands "$at") " in
      *" $word "*) at="\${at:+$at }$word" ;;
    esac
  done
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  case "$at|$prev" in
${choiceCases(nodes)}
  esac
  if [[ -n $choices ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
    return
  fi
  if [[ -n $skip ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
    return
  fi
  if [[ $cur == -* ]]; then
    case "$at" in
${cases(nodes, (node) => `flags=${quoted(flags(node).join(" "))}`)}
    esac
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    return
  fi
  COMPREPLY=($(compgen -W "$(_openclaw_commands "$at")" -- "$cur"))
}
_openclaw_commands() {
  case "$1" in
${cases(nodes, (node) => (words(node).length === 0 ? "" : `printf '%s' ${quoted(words(node).join(" "))}`))}
  esac
}
complete -o default -F _openclaw openclaw
`;
}

function zsh(nodes: readonly Node[]): string {
  const described = (name: string, summary: string) => quoted(`${name.replaceAll(":", "\\:")}:${summary}`);
  return `#compdef openclaw
# zsh completion for openclaw. Use it: source <(openclaw completion zsh)
_openclaw() {
  local at='' word='' skip='' choices=''
  local -a commands options known
  integer index
  for ((index = 2; index < CURRENT; index++)); do
    word=$words[index]
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
      ${valueFlags(nodes)}) skip=1; continue ;;
      -*) continue ;;
    esac
    known=($(_openclaw_names "$at"))
    if (( \${known[(Ie)$word]} )); then at="\${at:+$at }$word"; fi
  done
  case "$at|$words[CURRENT-1]" in
${choiceCases(nodes)}
  esac
  if [[ -n $choices ]]; then compadd -- \${=choices}; return; fi
  if [[ -n $skip ]]; then _files; return; fi
  if [[ $words[CURRENT] == -* ]]; then
    case "$at" in
${cases(nodes, (node) => `options=(${node.options.flatMap((option) => option.flags.map((flag) => described(flag, option.summary))).join(" ")})`)}
    esac
    _describe option options
    return
  fi
  case "$at" in
${cases(nodes, (node) => (words(node).length === 0 ? "" : `commands=(${[...node.commands.map((child) => described(child.name, child.summary)), ...node.choices.map((choice) => quoted(choice))].join(" ")})`))}
  esac
  if (( $#commands )); then _describe command commands; else _files; fi
}
_openclaw_names() {
  case "$1" in
${cases(nodes, (node) => (words(node).length === 0 ? "" : `print -r -- ${words(node).join(" ")}`))}
  esac
}
compdef _openclaw openclaw
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap((node) => {
    const when = `-n ${quoted(`__openclaw_at ${node.path.join(" ")}`.trim())}`;
    return [
      ...node.commands.map((child) => `complete -c openclaw -f ${when} -a ${quoted(child.name)} -d ${quoted(child.summary)}`),
      ...(node.choices.length > 0 ? [`complete -c openclaw -f ${when} -a ${quoted(node.choices.join(" "))}`] : []),
      ...node.options.map((option) => {
        const names = option.flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(" ");
        const value = option.choices.length > 0 ? ` -x -a ${quoted(option.choices.join(" "))}` : option.takesValue ? " -r" : "";
        return `complete -c openclaw ${when} ${names}${value} -d ${quoted(option.summary)}`;
      }),
    ];
  });
  const known = nodes.filter((node) => node.path.length > 0).map((node) => quoted(key(node))).join(" ");
  return `# fish completion for openclaw. Use it: openclaw completion fish | source
set -g __openclaw_known ${known}
function __openclaw_at
  set -l at
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and continue
    contains -- "$(string join ' ' $at $word)" $__openclaw_known; and set -a at $word
  end
  test "$at" = "$argv"
end
${lines.join("\n")}
`;
}
