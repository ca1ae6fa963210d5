//go:build interop

package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCompletionInShells loads the completion script into each shell and asks the shell
// itself what can stand at the cursor.
func TestCompletionInShells(t *testing.T) {
	dir := t.TempDir()
	env := []string{
		"PATH=" + filepath.Dir(binary) + ":" + searchPath(), "HOME=" + dir, "LC_ALL=C.UTF-8", "TERM=xterm",
		"CREDRENDER_STORE=local", "CREDRENDER_CONFIG=" + filepath.Join(dir, "app.yaml"), "XDG_DATA_HOME=" + filepath.Join(dir, "data"),
	}
	run := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.WaitDelay = time.Second
		cmd.Env, cmd.Dir = env, dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	const config = `context: {env: prod}
sources: {payments: {type: dynamodb, table: pay-table}}
jobs: [{name: web-tls, content: a, dest: /nowhere/a}, {name: app-json, content: b, dest: /nowhere/b}]
`
	if err := os.WriteFile(filepath.Join(dir, "app.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, binary, "setup")
	run(t, binary, "put", "db.password", "1")
	run(t, binary, "put", "db.user", "2")
	run(t, binary, "put", "web.key", "3")
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := run(t, binary, "completion", shell)
		if err := os.WriteFile(filepath.Join(dir, "_credrender."+shell), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Each shell prints one candidate a line.
	shells := map[string]func(t *testing.T, line string) string{
		"bash": func(t *testing.T, line string) string {
			return run(t, "bash", "-c", `. /usr/share/bash-completion/bash_completion; . ./_credrender.bash
COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; read -ra COMP_WORDS <<<"$1"
[ "${1% }" = "$1" ] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
complete -p credrender >/dev/null || exit 1
__start_credrender credrender "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"`, "bash", line)
		},
		"zsh": func(t *testing.T, line string) string {
			return run(t, "zsh", "-f", "-c", zshCapture, "zsh", line)
		},
		"fish": func(t *testing.T, line string) string {
			return run(t, "fish", "--no-config", "-c", "source ./_credrender.fish; complete -C $argv[1]", line)
		},
	}
	for shell, complete := range shells {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Fatalf("%s is missing: run test/interop/prepare as root", shell)
			}
			for _, c := range []struct{ line, want, not string }{
				{"credrender get d", "db.password db.user", "web.key"},
				{"credrender get web", "web.key", "db.user"},
				{"credrender list -o ", "text json", "db.user"},
				{"credrender verify-s", "verify-store", "recover"},
				{"credrender hold we", "web-tls", "app-json"},
				{"credrender render --job ap", "app-json", "web-tls"},
				{"credrender get db.password env=", "prod", "stage"},
				{"credrender list --table pay", "pay-table", "db.user"},
				{"credrender get pay", "payments:", "db.user"},
				{"credrender generate x --format ssh", "ssh-ed25519", "hex"},
				{"credrender help troub", "troubleshooting", "templates"},
			} {
				out := complete(t, c.line)
				for _, word := range strings.Fields(c.want) {
					if !strings.Contains(out, word) {
						t.Errorf("%s: %q lacks %s in %q", shell, c.line, word, out)
					}
				}
				if strings.Contains(out, c.not) {
					t.Errorf("%s: %q offers %s in %q", shell, c.line, c.not, out)
				}
			}
		})
	}
}

// zshCapture types a line and a tab into an interactive zsh on a pseudo-terminal, and
// prints what the shell shows, then the line as it is after completion.
const zshCapture = `zmodload zsh/zpty
zpty child zsh -f -i
zpty -w child 'autoload -Uz compinit; compinit -u; source ./_credrender.zsh; compdef _credrender credrender; setopt auto_list; unsetopt list_ambiguous; dump() { print -r -- "LINE=$BUFFER=END"; BUFFER= }; zle -N dump; bindkey "^X" dump; bindkey "^I" complete-word; LISTMAX=1000; PS1=; precmd() { print RE\ADY }'
text=; until [[ $text = *READY* ]]; do zpty -r child line || exit 1; text+=$line; done
zpty -n -w child "$1"$'\t\x18'
text=; until [[ $text = *=END* ]]; do zpty -r child line || exit 1; text+=$line; done
print -r -- "$text"`
