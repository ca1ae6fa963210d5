package shells

import (
	"os/exec"
	"testing"
)

// TestGlobs compares the check with zsh, where zsh is installed.
func TestGlobs(t *testing.T) {
	zsh, _ := exec.LookPath("zsh")
	dir := t.TempDir()
	for line, want := range map[string]string{
		"get db.password env=prod":                   "",
		"exec --env A=b?env=prod":                    "?",
		"exec --env 'A=b?env=prod'":                  "",
		`exec --env "A=b?env=prod"`:                  "",
		`list web.\*`:                                "",
		"list web.*":                                 "*",
		"list 'web.*' more.*":                        "*",
		"get [REF]":                                  "[",
		"put a =ls-that-is-nowhere":                  "=",
		"render   # all jobs of the config; or any?": "",
		"exec --env-prefix 'sm:ID#*'":                "",
		`put a "it's"`:                               "",
		`put a 'x\' b?`:                              "?",
	} {
		if got := Globs(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
		if zsh == "" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), zsh, "-f", "-o", "INTERACTIVE_COMMENTS", "-o", "EXTENDED_GLOB", "-c", "print -r -- "+line)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); (err == nil) != (want == "") {
			t.Errorf("zsh %s: %v, want %q\n%s", line, err, want, out)
		}
	}
}
