//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stored is one secret that the tests move between the two programs.
type stored struct {
	name, value string
	context     []string // key=value
	digest      string   // credstash's -d; empty: its default
}

// template asks for the secret, in a form that keeps every byte.
func (s stored) template() string {
	args := []string{fmt.Sprintf("%q", s.name)}
	for _, pair := range s.context {
		args = append(args, fmt.Sprintf("%q", pair))
	}
	return "secret " + strings.Join(args, " ")
}

// Values and contexts that both sides can hold: credstash's own command line
// takes no "=" in a context value.
var exchanged = []stored{
	{name: "plain", value: "swordfish"},
	{name: "web.admin.password", value: "p&ss<word>'\"\\$ x", context: []string{"Env=prod", "app.tier=web"}},
	{name: "Case", value: "upper", context: []string{"ENV=Prod"}},
	{name: "case", value: "lower", context: []string{"env=prod"}},
	{name: "ümlaut/日本.key", value: "grüße, 世界 🔑", context: []string{"größe=ß", "a.B.c=d.E.f"}},
	{name: "lines", value: "-----BEGIN X-----\nabc\n-----END X-----\n", context: []string{"Env=prod"}},
	{name: "long", value: strings.Repeat("0123456789abcdef", 6400), context: []string{"Env=prod"}}, // 100 KiB
}

var digests = []string{"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"}

func TestRenderWhatPythonWrote(t *testing.T) {
	aws := newAccount(t)
	python := aws.credstash(t)
	python.want(t, 0, "setup")
	aws.makeKey(t)
	secrets := slices.Clone(exchanged)
	for _, d := range digests {
		secrets = append(secrets, stored{name: "digest." + d, value: "by " + d, context: []string{"Digest=" + d}, digest: d})
	}
	var text strings.Builder
	want := map[string]string{}
	for _, s := range secrets {
		pythonPut(t, python, s)
		want[s.name] = s.value
		fmt.Fprintf(&text, "%q: {{ %s | toJson }},\n", s.name, s.template())
	}

	src := writeFile(t, t.TempDir(), "all.tmpl", "{\n"+strings.TrimSuffix(text.String(), ",\n")+"\n}\n")
	dest := filepath.Join(t.TempDir(), "all.json")
	aws.credrender(t).want(t, 0, "render", src+":"+dest)
	if diff := cmp.Diff(want, readJSON(t, readFile(t, dest))); diff != "" {
		t.Errorf("rendered (-want +got):\n%s", diff)
	}
}

func TestVersionsThatPythonWrote(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	python.want(t, 0, "setup")
	aws.makeKey(t)
	python.want(t, 0, "put", "db", "one", "Env=prod")
	python.want(t, 0, "put", "-a", "db", "two", "Env=prod")
	python.want(t, 0, "put", "-v", "0000000000000000010", "db", "ten", "Env=prod")
	python.want(t, 0, "put", "dc", "other", "Env=prod")

	src := writeFile(t, t.TempDir(), "v.tmpl", `{{ secretVersion "db" 1 "Env=prod" }} {{ secretVersion "db" "2" "Env=prod" }}`+
		` {{ secret "db" "Env=prod" }} {{ secrets "d*" "Env=prod" | toJson }}`)
	if got, want := ours.want(t, 0, "render", src).Stdout, `one two ten {"db":"ten","dc":"other"}`; got != want {
		t.Errorf("rendered %q, want %q", got, want)
	}
	python.want(t, 0, "delete", "db")
	if r := ours.want(t, 3, "render", src); !strings.Contains(r.Stderr, "db") {
		t.Errorf("after delete, stderr does not name db:\n%s", r.Stderr)
	}
}

func TestWrongContextExits3AndSaysSo(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	python.want(t, 0, "setup")
	aws.makeKey(t)
	python.want(t, 0, "put", "db.password", "hunter2-canary", "Env=prod", "app.tier=db")

	for name, context := range map[string]string{
		"key in another case":   `"env=prod" "app.tier=db"`,
		"value in another case": `"Env=Prod" "app.tier=db"`,
		"a pair missing":        `"Env=prod"`,
		"a pair too many":       `"Env=prod" "app.tier=db" "x=y"`,
		"none":                  ``,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dest := writeFile(t, dir, "dest", "old\n")
			src := writeFile(t, dir, "t.tmpl", "a\nb {{ secret \"db.password\" "+context+" }} {{ secret \"no.such\" }}\n")
			r := ours.want(t, 3, "render", src+":"+dest)
			for _, fact := range []string{"db.password", "context", "no.such", "t.tmpl:2"} {
				if !strings.Contains(r.Stderr, fact) {
					t.Errorf("stderr lacks %q:\n%s", fact, r.Stderr)
				}
			}
			if strings.Contains(r.Stderr+r.Stdout, "hunter2") {
				t.Errorf("the value shows:\n%s%s", r.Stdout, r.Stderr)
			}
			if got := readFile(t, dest); got != "old\n" {
				t.Errorf("destination is %q, want it untouched", got)
			}
		})
	}
}

func TestPythonReadsWhatPutWrote(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	python.want(t, 0, "setup")
	aws.makeKey(t)
	for _, s := range exchanged {
		t.Run(s.name, func(t *testing.T) {
			ours.wantInput(t, 0, s.value, append([]string{"put", s.name, "-"}, s.context...)...)
			if got := python.want(t, 0, append([]string{"get", "-n", s.name}, s.context...)...).Stdout; got != s.value {
				t.Errorf("credstash get: %.80q, want %.80q", got, s.value)
			}
		})
	}
	ours.want(t, 0, "put", "plain", "second", "--comment", "rotated")
	list := python.want(t, 0, "list").Stdout
	if want := "plain              -- version 0000000000000000002 -- comment rotated"; !strings.Contains(collapse(list), collapse(want)) {
		t.Errorf("credstash list lacks %q:\n%s", want, list)
	}
	if got := python.want(t, 0, "get", "-n", "plain").Stdout; got != "second" {
		t.Errorf("credstash get of the second version: %q", got)
	}
}

// The table and the key that our setup makes are all that credstash needs.
func TestPythonWorksAfterOurSetup(t *testing.T) {
	aws := newAccount(t)
	python, ours := aws.credstash(t), aws.credrender(t)
	ours.want(t, 0, "setup")
	ours.want(t, 0, "setup") // again: no harm
	python.want(t, 0, "put", "-a", "from.python", "x", "Env=prod")
	ours.want(t, 0, "put", "from.us", "y", "Env=prod")
	want := map[string]string{"from.python": "x", "from.us": "y"}

	if diff := cmp.Diff(want, readJSON(t, python.want(t, 0, "getall", "Env=prod").Stdout)); diff != "" {
		t.Errorf("credstash getall (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, readJSON(t, ours.want(t, 0, "getall", "Env=prod").Stdout)); diff != "" {
		t.Errorf("credrender getall (-want +got):\n%s", diff)
	}
	ours.want(t, 0, "delete", "from.python")
	if r := python.run(t, "get", "from.python", "Env=prod"); r.Code != 1 || !strings.Contains(r.Stderr, "couldn't be found") {
		t.Errorf("credstash get after our delete: %+v", r)
	}
}

func pythonPut(t *testing.T, python command, s stored) {
	t.Helper()
	args := []string{"put"}
	if s.digest != "" {
		args = append(args, "-d", s.digest)
	}
	args = append(args, s.name, "@"+writeFile(t, t.TempDir(), "value", s.value))
	python.want(t, 0, append(args, s.context...)...)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readJSON(t *testing.T, text string) map[string]string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("not a JSON object of strings: %v\n%s", err, text)
	}
	return m
}

// collapse makes runs of spaces one: credstash pads its columns.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
