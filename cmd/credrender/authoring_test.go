package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onTerminal runs a command line on a terminal with answers to its questions.
func onTerminal(t *testing.T, dir, answers string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := newApp(strings.NewReader(answers), &out, &errs)
	a.dir, a.terminal = dir, func(any) bool { return true }
	code = a.main(t.Context(), args)
	return code, out.String(), errs.String()
}

// On a terminal init asks for what no flag gives; an empty answer is the default.
func TestInitAsks(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := onTerminal(t, dir, "local\n\nweb.key\nsystemctl --no-block reload app\n", "init", "--region", "eu-west-1")
	if code != exitOK {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	for _, question := range []string{"Store of secrets", "File to render [/etc/app/app.conf]: ", "Name of its secret", "Command to run"} {
		if strings.Count(stderr, question) != 1 {
			t.Errorf("%q is not asked once:\n%s", question, stderr)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "credrender.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\nstore: local\n", "\nregion: eu-west-1\n", "    dest: /etc/app/app.conf\n", "    hook: systemctl --no-block reload app\n"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the config lacks %q:\n%s", line, text)
		}
	}
	if code, _, stderr = onTerminal(t, dir, "", "lint", "--strict", "-c", "credrender.yaml"); code != exitOK {
		t.Errorf("lint: exit code %d\n%s", code, stderr)
	}
}

// What init writes passes lint and its own test, whatever the format and the names.
func TestInitForEachFormat(t *testing.T) {
	for _, name := range []string{"app.conf", "app.json", "app.yaml", "app.toml", "app.env", ".env", "app.sh", "app.ini", "app.properties", "app.xml", "app", "a b: {c}.yml"} {
		dir := t.TempDir()
		t.Run(name, func(t *testing.T) {
			for _, line := range [][]string{
				{"init", "first", "--dest", "/etc/x/" + name, "--secret", `it's "db".pass word`, "--name", "a: b", "--store", "local:s.db", "--local-key", "k", "--hook", "true # x"},
				{"lint", "--strict", "-c", "first/credrender.yaml"}, {"test", "first"},
			} {
				var out, errs bytes.Buffer
				a := newApp(strings.NewReader(""), &out, &errs)
				a.dir, a.terminal = dir, func(any) bool { return false }
				if code := a.main(t.Context(), line); code != exitOK || errs.Len() > 0 {
					t.Fatalf("%q: exit code %d\n%s%s", line, code, &out, &errs)
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, "first", "credrender.yaml"))
			if err != nil || !strings.Contains(string(text), "\nstore: local:"+dir+"/s.db\n") || !strings.Contains(string(text), "\nlocal_key: "+dir+"/k\n") {
				t.Errorf("%v; the config does not have the store:\n%s", err, text)
			}
		})
	}
}

// An end of input is no answer.
func TestInitWithoutAnswers(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := onTerminal(t, dir, "", "init"); code != exitFailed || !strings.Contains(stderr, "no answer") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("%v, %v are left", made, err)
	}
}

// The page of the docs has every rule, in its own words.
func TestLintRulesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/authoring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range lintRules() {
		if row := "| `" + r.id + "` | " + r.does + " |\n"; !strings.Contains(string(page), row) {
			t.Errorf("docs/authoring.md lacks the row\n%s", row)
		}
	}
}
