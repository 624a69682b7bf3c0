import type { Place } from "./tree.ts";

/** The completion script of a shell for the program in `tree`. */
export function completionScript(shell: "bash" | "zsh" | "fish", tree: Place[]): string {
  return { bash, zsh, fish }[shell](tree);
}

/** All flags that take a value, whatever the command: their next word is no command. */
const valued = (tree: Place[]) =>
  [...new Set(tree.flatMap(({ flags }) => flags.filter((f) => f.takesValue).map((f) => f.name)))].sort();

const commandPaths = (tree: Place[]) => tree.flatMap(({ path }) => (path === "" ? [] : [path]));

/** Finds, in shell, the command that the words before the cursor name: it is left in `path`. */
function findPath(tree: Place[], words: string): string {
  return `  local path="" skip="" word
  for word in ${words}; do
    if [[ -n $skip ]]; then skip=""; continue; fi
    case $word in
      ${valued(tree).join("|")}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${path:+$path }$word" in
      ${commandPaths(tree)
        .map((path) => `"${path}"`)
        .join("|")}) path="\${path:+$path }$word" ;;
    esac
  done`;
}

/** Cases of a shell's \`case "$path $prev"\`: the flags whose values are known. */
function choiceCases(tree: Place[], act: (choices: string) => string): string[] {
  return tree.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => `    "${path} ${name}") ${act(choices.join(" "))}; return ;;`),
  );
}

function bash(tree: Place[]): string {
  const cases = tree.map(({ path, commands, flags, words }) => {
    const wanted = [...commands.map(({ name }) => name), ...words].join(" ");
    return `    "${path}") words="${wanted}"; flags="${flags.map(({ name }) => name).join(" ")}" ;;`;
  });
  return `# windops' completion for bash, made by \`windops completion bash\`.
_windops() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words="" flags=""
  COMPREPLY=()
${findPath(tree, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  case "$path $prev" in
${choiceCases(tree, (choices) => `COMPREPLY=($(compgen -W "${choices}" -- "$cur"))`).join("\n")}
  esac
  # A value that could be anything: a file, by "-o default".
  case $prev in ${valued(tree).join("|")}) return ;; esac
  case "$path" in
${cases.join("\n")}
  esac
  if [[ $cur == -* ]]; then words=$flags; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _windops windops
`;
}

function zsh(tree: Place[]): string {
  const described = (name: string, text: string) => `'${name.replaceAll(":", "\\:")}:${text.replaceAll("'", "'\\''")}'`;
  const cases = tree.map(({ path, commands, flags, words }) => {
    const listed = [
      ...commands.map(({ name, summary }) => described(name, summary)),
      ...words.map((word) => described(word, "")),
    ];
    const options = flags.map(({ name, description }) => described(name, description));
    return `    "${path}")\n      listed=(${listed.join(" ")})\n      options=(${options.join(" ")}) ;;`;
  });
  return `#compdef windops
# windops' completion for zsh, made by \`windops completion zsh\`.
_windops() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}"
  local -a listed options
${findPath(tree, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$path $prev" in
${choiceCases(tree, (choices) => `compadd -- ${choices}`).join("\n")}
  esac
  case $prev in ${valued(tree).join("|")}) _files; return ;; esac
  case "$path" in
${cases.join("\n")}
  esac
  if [[ $cur == -* ]]; then _describe -o 'option' options
  elif (( \${#listed} )); then _describe 'word' listed
  else _files; fi
}
if [[ $funcstack[1] == _windops ]]; then _windops "$@"; else compdef _windops windops; fi
`;
}

function fish(tree: Place[]): string {
  const text = (s: string) => `'${s.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const at = (path: string) => `-n '__windops_at ${text(path).replaceAll("'", "\\'")}'`;
  const lines = tree.flatMap(({ path, commands, flags, words }) => [
    ...commands.map(({ name, summary }) => `complete -c windops ${at(path)} -f -a ${name} -d ${text(summary)}`),
    ...words.map((word) => `complete -c windops ${at(path)} -f -a ${word}`),
    ...flags.map(({ name, description, takesValue, choices }) => {
      const value = choices.length > 0 ? ` -x -a ${text(choices.join(" "))}` : takesValue ? " -r" : "";
      return `complete -c windops ${at(path)} -l ${name.slice(2)}${value} -d ${text(description)}`;
    }),
  ]);
  return `# windops' completion for fish, made by \`windops completion fish\`.
function __windops_at
    set -l path
    set -l skip
    for word in (commandline -opc)[2..]
        if test -n "$skip"
            set skip
            continue
        end
        switch $word
            case ${valued(tree).join(" ")}
                set skip 1
                continue
            case '-*'
                continue
        end
        set -l longer (string join ' ' $path $word)
        if contains -- $longer ${commandPaths(tree).map(text).join(" ")}
            set path $path $word
        end
    end
    set -l here (string join ' ' $path)
    test "$here" = "$argv[1]"
end
${lines.join("\n")}
`;
}
