//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const corpus = "../../internal/compat/jinja/testdata"

// The recorded corpus is what credsmash makes of it today, and what the link
// makes of it, save what docs/credsmash.md lists.
func TestCorpusIsWhatCredsmashRenders(t *testing.T) {
	aws := newAccount(t)
	dir := t.TempDir()
	newCommand(t, program(t, "python3"), aws.env).want(t, 0, absolute(t, corpus+"/record.py"), program(t, "credsmash"), dir)
	recorded, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(recorded) < 80 {
		t.Fatalf("%d recorded, %v", len(recorded), err)
	}
	for _, path := range recorded {
		name := filepath.Base(path)
		if diff := cmp.Diff(readFile(t, filepath.Join(corpus, "corpus", name)), readFile(t, path)); diff != "" {
			t.Errorf("%s (-kept +recorded):\n%s", name, diff)
		}
	}
	ours := aws.linkAs(t, "credsmash")
	for _, path := range recorded {
		template := filepath.Join(absolute(t, corpus), "corpus", strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+".j2")
		got := runBounded(t, ours, []string{
			"render-template", "--secrets-file", absolute(t, corpus+"/secrets.json"),
			"--template-vars", absolute(t, corpus+"/vars.json"), template, "-",
		}, "")
		switch {
		case filepath.Ext(path) == ".err" && got.Code == 0:
			t.Errorf("%s: credsmash refuses it", template)
		case filepath.Ext(path) == ".out" && !strings.HasSuffix(template, "sh_only_unsafe.j2"):
			if diff := cmp.Diff(readFile(t, path), got.Stdout); diff != "" || got.Code != 0 {
				t.Errorf("%s: exit %d %s (-credsmash +ours):\n%s", template, got.Code, got.Stderr, diff)
			}
		}
	}
}

// The same commands through both programs, each with a table of its own: the
// output, the exit code and what the other reads of the table are equal.
func TestCredsmashAndTheLinkDoTheSame(t *testing.T) {
	aws := newAccount(t)
	aws.makeKey(t)
	work := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(work, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, two := file("one", "secret 1\n"), file("two", "grüße\x00\xff")
	many := file("many.json", `{"b.x": "1", "b.y": "é"}`)
	lines := [][]string{
		{"put", "a", one}, {"put", "a", one}, {"put", "a", two}, {"put", "--no-compare", "a", two}, {"put", "-v", "9", "c", one},
		{"put", "-v", "9", "c", one}, {"put-many", many}, {"list"}, {"list", "b*"}, {"get", "a"}, {"get", "-v1", "a"},
		{"get", "none"}, {"get", "-v", "x", "a"}, {"get"}, {"list", "a", "b"}, {"nonsense"}, {"--nonsense"}, {"find-one", "b.[x]"},
		{"find-one", "b*"}, {"find-one", "z*"}, {"find-many", "b*"}, {"find-many", "[!b]"}, {"get-all"}, {"prune", "a"},
		{"prune", "none"}, {"delete", "b.x"}, {"delete-many", "b*"}, {"prune-many", "*"}, {"list"}, {"put", "x", filepath.Join(work, "no")},
	}
	for _, algorithm := range []string{"aes-ctr", "aes-gcm", "aes-ctr-legacy"} {
		t.Run(algorithm, func(t *testing.T) {
			run := func(c command, table string, args []string) result {
				config := file(table+".cfg", "[credsmash]\nkey_id = alias/credstash\nlog_level = ERROR\ntable_name = "+table+"\nalgorithm = "+algorithm+"\n")
				return runBounded(t, c, append([]string{"-c", config}, args...), "")
			}
			python, ours := newCommand(t, program(t, "credsmash"), aws.env), aws.linkAs(t, "credsmash")
			for _, table := range []string{"python-" + algorithm, "ours-" + algorithm} {
				if r := run(ours, table, []string{"setup-dynamodb"}); r.Code != 0 {
					t.Fatal(r)
				}
			}
			for _, args := range lines {
				want, got := run(python, "python-"+algorithm, args), run(ours, "ours-"+algorithm, args)
				if want.Stdout != got.Stdout || want.Code != got.Code {
					t.Errorf("%q:\ncredsmash %+v\nours      %+v", args, want, got)
				}
			}
			for _, args := range [][]string{{"list"}, {"get", "a"}, {"get", "c"}} {
				if a, b := run(python, "ours-"+algorithm, args), run(ours, "python-"+algorithm, args); a.Code != 0 || a.Stdout != b.Stdout {
					t.Errorf("%q of the other's table: credsmash %+v, ours %+v", args, a, b)
				}
			}
		})
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
