package credsmash

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// What Python's fnmatch says of the same pairs.
func TestGlobIsFnmatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a*", "abc", true}, {"a?c", "abc", true}, {"a.c", "abc", false}, {"[ab]x", "bx", true}, {"[!ab]x", "bx", false},
		{"[!ab]x", "cx", true}, {"[]]x", "]x", true}, {"[x", "[x", true}, {"é*", "éa", true}, {"?", "é", true}, {"", "", true}, {"*", "", true},
	} {
		match, err := glob(c.pattern)
		if err != nil || match(c.name) != c.want {
			t.Errorf("%q of %q: not %v (%v)", c.pattern, c.name, c.want, err)
		}
	}
}

func TestConfigIsReadAsRawConfigParserDoes(t *testing.T) {
	got, err := parseINI("# c\n[DEFAULT]\nd = 1\n[a]\nKey: v = w\nlong = one\n   two\n\nnested =\n  Env = prod\n  b=c=d\n; end\n[b]\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]section{
		"a": {"d": {text: "1"}, "key": {text: "v = w"}, "long": {text: "one\ntwo"}, "nested": {nested: map[string]string{"Env": "prod", "b": "c=d"}}},
		"b": {"d": {text: "1"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(value{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"x = 1", "[a]\nword", "[a]\nk=1\nk=2", "[a]\n[a]", "[a]\nk=\n  no pair"} {
		if _, err := parseINI(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestCommandLinesAreReadAsClickDoes(t *testing.T) {
	for line, want := range map[string]string{
		"get a -fcsv -v 7":          "a|csv|7",
		"get -v7 --format=json a -": "a -|json|7",
		"get -- -f":                 "-f||",
		"get":                       "Missing argument 'SECRET_NAME'.",
		"get a b c d":               "Got unexpected extra arguments (c d)",
		"get a -v x":                "Invalid value for '--version' / '-v': 'x' is not a valid integer.",
		"get a --vers 1":            "No such option '--vers'.",
		"get a -v":                  "Option '-v' requires an argument.",
		"put a b --compare=1":       "Option '--compare' does not take a value.",
	} {
		words := strings.Fields(line)
		call, err := find(words[0]).parse(words[1:])
		var got string
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(call.args, " ") + "|" + call.text("--format", "") + "|" + call.text("--version", "")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// What PyYAML makes of the same text.
func TestYAMLIsReadAsPyYAMLDoes(t *testing.T) {
	v, err := parseYAML([]byte("- {mode: 0644, a: yes, b: 'yes', c: 1_000, d: ~, e: 1.5, f: 2020-01-01, g: 0x1f, h: on, i: y, j: 1e3}\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := py.Caught(func() string { return py.Repr(v) })
	if want := "[{'mode': 420, 'a': True, 'b': 'yes', 'c': 1000, 'd': None, 'e': 1.5, 'f': '2020-01-01', 'g': 31, 'h': True, 'i': 'y', 'j': '1e3'}]"; got != want || err != nil {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
	if _, err := parseYAML([]byte("a: {canary")); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a broken document: %v", err)
	}
}

// A few lines of aliases stand for more than any machine holds: that is an
// error, and no hang. A number beyond a float is what Python makes of it, and in
// no error.
func TestYAMLThatGrows(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for _, name := range []string{"b", "c", "d", "e", "f", "g", "h"} {
		before := string(name[0] - 1)
		bomb += name + ": &" + name + " [" + strings.Repeat("*"+before+", ", 9) + "*" + before + "]\n"
	}
	for _, text := range []string{bomb, "&a [*a, *a]"} {
		if _, err := parseYAML([]byte(text)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%.20q: got %v, want an error with its line", text, err)
		}
	}
	v, err := parseYAML([]byte("[1.5e+999, &a x, *a]"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := py.Caught(func() string { return py.Repr(v) }); got != "[inf, 'x', 'x']" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func FuzzParts(f *testing.F) {
	f.Add("[a]\nk = v\n w\n", "[!a-]*")
	f.Fuzz(func(_ *testing.T, text, pattern string) {
		_, _ = parseINI(text)
		_, _ = parseYAML([]byte(text))
		if match, err := glob(pattern); err == nil {
			match(text)
		}
	})
}
