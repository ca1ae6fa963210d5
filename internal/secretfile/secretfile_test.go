package secretfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

func parse(t testing.TB, format, text string) map[string]string {
	t.Helper()
	entries, err := secretfile.Parse(format, []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return reveal(entries)
}

func reveal(entries []secretfile.Entry) map[string]string {
	m := map[string]string{}
	for _, e := range entries {
		m[e.Name] = string(e.Value.Reveal())
	}
	return m
}

func TestParse(t *testing.T) {
	tests := []struct {
		format, text string
		want         map[string]string
	}{
		{secretfile.JSON, `{"a": "x\n\"y\"", "n": 10.50, "t": true, "b": {"base64": "AP8="}, "emoji": "\ud83d\ude00"}`,
			map[string]string{"a": "x\n\"y\"", "n": "10.50", "t": "true", "b": "\x00\xff", "emoji": "😀"}},
		{secretfile.JSON, `{}`, map[string]string{}},
		{secretfile.JSON, "\ufeff{\"a\": \"x\\ufeff\"}", map[string]string{"a": "x\ufeff"}},
		{secretfile.YAML, "a: text\nmode: 0644\nlong: |\n  one\n  two\nb: {base64: AP8=}\nc: !!binary |\n  AP8=\nyes: no\n",
			map[string]string{"a": "text", "mode": "0644", "long": "one\ntwo\n", "b": "\x00\xff", "c": "\x00\xff", "yes": "no"}},
		{secretfile.YAML, "", map[string]string{}},
		{secretfile.Dotenv, "# comment\n\nexport A=bare # rest\r\nB = 'li$t\\n'\nC=\"q\\\"\\n\\$\\\\\"\nD=\nE=a#b\nF='one\ntwo' # x\nG=\"$HOME\"\n",
			map[string]string{"A": "bare", "B": "li$t\\n", "C": "q\"\n$\\", "D": "", "E": "a#b", "F": "one\ntwo", "G": "$HOME"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parse(t, tt.format, tt.text)); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.format, tt.text, diff)
		}
	}
}

// TestParseRefuses: and shows nothing of the file but names.
func TestParseRefuses(t *testing.T) {
	tests := []struct{ format, text, want string }{
		{secretfile.JSON, `["hunter2"]`, "line 1: not a JSON object"},
		{secretfile.JSON, "{\"a\":\n hunter2}", "line 2: not valid JSON"},
		{secretfile.JSON, `{"a": ["hunter2"]}`, "line 1: a: a list is not a value"},
		{secretfile.JSON, "{\"b\": \"x\",\n\"a\": null}", "line 2: a: null is not a value"},
		{secretfile.JSON, `{"a": {"base64": "hunter2"}}`, "not base64"},
		{secretfile.JSON, `{"a": {"hunter2": "x"}}`, "line 1: a: an object is not a value"},
		{secretfile.JSON, `{"a": {}}`, "line 1: a: an object is not a value"},
		{secretfile.JSON, `{"a": "x"}}`, "not valid JSON"},
		{secretfile.JSON, `{"a": "hunter2", "a": "x"}`, "line 1: a is given already on line 1"},
		{secretfile.JSON, `{"a": "x"} "hunter2"`, "unexpected text after"},
		{secretfile.JSON, `{"a": "hunter2`, "not valid JSON"},
		{secretfile.JSON, "{\"a\": \"\xff\"}", "not UTF-8"},
		{secretfile.JSON, "{\"a\": \"x\",\n\"b\": \"hunter2\\ud800\"}", "line 2: half a surrogate pair"},
		{secretfile.JSON, `{"\udc00": "hunter2"}`, "line 1: half a surrogate pair"},
		{secretfile.YAML, "a: x\nb: !vault |\n  hunter2\n", "line 2: b: an unknown tag"},
		{secretfile.YAML, "a: {base64: }\n", "line 1: a: no value"},
		{secretfile.YAML, "a: *hunter2\n", "not valid YAML"},
		{secretfile.YAML, "a: x\nb: [hunter2]\n", "line 2: b: a list is not a value"},
		{secretfile.YAML, "a: x\na: hunter2\n", "line 2: a is given already on line 1"},
		{secretfile.YAML, "a: x\n---\nb: hunter2\n", "line 2: a second document"},
		{secretfile.YAML, "a:\n  b: hunter2\n", "a: a mapping is not a value"},
		{secretfile.YAML, "a:\n", "line 1: a: no value"},
		{secretfile.YAML, "hunter2\n", "line 1: not a mapping"},
		{secretfile.YAML, "a: &x hunter2\nb: *x\n", "line 2: b: an alias"},
		{secretfile.Dotenv, "A=1\nhunter2\n", "line 2: it is not NAME=VALUE"},
		{secretfile.Dotenv, "A='hunter2\n", "not closed"},
		{secretfile.Dotenv, "A=1\nB= `hunter2`\n", "line 2: B: it begins with a backquote"},
		{secretfile.Dotenv, "A='x' hunter2\n", "unexpected text after"},
		{secretfile.Dotenv, "a.b=hunter2\n", "line 1: it is not NAME=VALUE"},
		{secretfile.Dotenv, "A=1\nA=hunter2\n", "line 2: A is given already on line 1"},
	}
	for _, tt := range tests {
		_, err := secretfile.Parse(tt.format, []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s %q: got %v, want %q", tt.format, tt.text, err, tt.want)
		}
	}
}

// TestYAMLIsTextToEveryReader: what YAML 1.1 takes for a bool, a number or a date
// is quoted, although this reader takes all for text.
func TestYAMLIsTextToEveryReader(t *testing.T) {
	for _, s := range []string{"no", "Yes", "ON", "off", "y", "N", "null", "~", "True", "010", "0o17", "1_000", "0b1", "0x1F", "1e3", "12e03", "1:30", ".inf", "2026-01-02", "=", "<<"} {
		text, err := secretfile.Write(secretfile.YAML, []secretfile.Entry{{Name: s, Value: source.NewSecret([]byte(s))}})
		if want := `"` + s + `": "` + s + `"` + "\n"; err != nil || string(text) != want {
			t.Errorf("got %q, %v; want %q", text, err, want)
		}
	}
}

func TestDisputed(t *testing.T) {
	for value, want := range map[string]bool{
		"plain": false, "it's": false, `a"b`: false, `$x \n y`: false, "a\nb": false, "it's\na # b": false,
		"a\r\nb": true, `it's $x`: true, `'"`: true, "'`": true, `'\n`: true, `a\`: true,
	} {
		if got := secretfile.Disputed(source.NewSecret([]byte(value))); got != want {
			t.Errorf("%q: got %v", value, got)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := []struct {
		format      string
		name, value string
	}{
		{secretfile.Dotenv, "db.password", "x"},
		{secretfile.Dotenv, "A", "\x00"},
		{secretfile.Dotenv, "A", "\xff"},
		{secretfile.JSON, "\xff", "x"},
		{secretfile.YAML, "\xff", "x"},
	}
	for _, tt := range tests {
		_, err := secretfile.Write(tt.format, []secretfile.Entry{{Name: tt.name, Value: source.NewSecret([]byte(tt.value))}})
		if !errors.Is(err, secretfile.ErrUnfit) {
			t.Errorf("%s %q=%q: got %v", tt.format, tt.name, tt.value, err)
		}
	}
}

func TestEnvName(t *testing.T) {
	for name, want := range map[string]string{"db.password": "DB_PASSWORD", "9lives": "_9LIVES", "Ä": "_", "": "_"} {
		if got := secretfile.EnvName(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]string{"a.json": "json", "a/b.yml": "yaml", ".env": "dotenv", ".env.local": "dotenv", "prod.env": "dotenv", "a": "", "-": ""} {
		if got := secretfile.FormatOf(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
