package exchange_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/cmd/credrender/internal/exchange"
	"github.com/credrender/credrender/pkg/source"
)

func parse(t testing.TB, format, text string) map[string]string {
	t.Helper()
	entries, err := exchange.Parse(format, []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return reveal(entries)
}

func reveal(entries []exchange.Entry) map[string]string {
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
		{exchange.JSON, `{"a": "x\n\"y\"", "n": 10.50, "t": true, "b": {"base64": "AP8="}, "emoji": "\ud83d\ude00"}`,
			map[string]string{"a": "x\n\"y\"", "n": "10.50", "t": "true", "b": "\x00\xff", "emoji": "😀"}},
		{exchange.JSON, `{}`, map[string]string{}},
		{exchange.YAML, "a: text\nmode: 0644\nlong: |\n  one\n  two\nb: {base64: AP8=}\nc: !!binary |\n  AP8=\nyes: no\n",
			map[string]string{"a": "text", "mode": "0644", "long": "one\ntwo\n", "b": "\x00\xff", "c": "\x00\xff", "yes": "no"}},
		{exchange.YAML, "", map[string]string{}},
		{exchange.Dotenv, "# comment\n\nexport A=bare # rest\r\nB = 'li$t\\n'\nC=\"q\\\"\\n\\$\\\\\"\nD=\nE=a#b\nF='one\ntwo' # x\nG=\"$HOME\"\n",
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
		{exchange.JSON, `["hunter2"]`, "line 1: not a JSON object"},
		{exchange.JSON, "{\"a\":\n hunter2}", "line 2: not valid JSON"},
		{exchange.JSON, `{"a": ["hunter2"]}`, "line 1: a value is neither"},
		{exchange.JSON, `{"a": null}`, "a value is neither"},
		{exchange.JSON, `{"a": {"base64": "hunter2"}}`, "not base64"},
		{exchange.JSON, `{"a": {"hunter2": "x"}}`, "a value is neither"},
		{exchange.JSON, `{"a": "hunter2", "a": "x"}`, "a is there twice"},
		{exchange.JSON, `{"a": "x"} "hunter2"`, "something follows"},
		{exchange.JSON, `{"a": "hunter2`, "not valid JSON"},
		{exchange.JSON, "{\"a\": \"\xff\"}", "not UTF-8"},
		{exchange.YAML, "a: *hunter2\n", "not valid YAML"},
		{exchange.YAML, "a: x\nb: [hunter2]\n", "line 2: a value is neither"},
		{exchange.YAML, "a: x\na: hunter2\n", "a is there twice"},
		{exchange.YAML, "a:\n", "line 1: no value"},
		{exchange.YAML, "hunter2\n", "line 1: not a mapping"},
		{exchange.YAML, "a: &x hunter2\nb: *x\n", "line 2: a value is neither"},
		{exchange.Dotenv, "A=1\nhunter2\n", "line 2: it is not NAME=VALUE"},
		{exchange.Dotenv, "A='hunter2\n", "not closed"},
		{exchange.Dotenv, "A='x' hunter2\n", "something follows"},
		{exchange.Dotenv, "a.b=hunter2\n", "line 1: it is not NAME=VALUE"},
		{exchange.Dotenv, "A=1\nA=hunter2\n", "line 2: A is given already on line 1"},
	}
	for _, tt := range tests {
		_, err := exchange.Parse(tt.format, []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s %q: got %v, want %q", tt.format, tt.text, err, tt.want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := []struct {
		format      string
		name, value string
	}{
		{exchange.Dotenv, "db.password", "x"},
		{exchange.Dotenv, "A", "\x00"},
		{exchange.Dotenv, "A", "\xff"},
		{exchange.JSON, "\xff", "x"},
		{exchange.YAML, "\xff", "x"},
	}
	for _, tt := range tests {
		_, err := exchange.Write(tt.format, []exchange.Entry{{Name: tt.name, Value: source.NewSecret([]byte(tt.value))}})
		if !errors.Is(err, exchange.ErrUnfit) {
			t.Errorf("%s %q=%q: got %v", tt.format, tt.name, tt.value, err)
		}
	}
}

func TestEnvName(t *testing.T) {
	for name, want := range map[string]string{"db.password": "DB_PASSWORD", "9lives": "_9LIVES", "Ä": "_", "": "_"} {
		if got := exchange.EnvName(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]string{"a.json": "json", "a/b.yml": "yaml", ".env": "dotenv", ".env.local": "dotenv", "prod.env": "dotenv", "a": "", "-": ""} {
		if got := exchange.FormatOf(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// FuzzRoundTrip: what is written reads back, in every format.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "plain", "it's", "a\nb\n", " x ", "\r\n", "\x00", "\xff\xfe", "$HOME `id` \\n", "0644", "~", "yes", "\u2028\u0085\ufeff", "# x", "- a", "'\"", "!!binary x"} {
		f.Add("name", s)
		f.Add(s, "value")
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, format := range []string{exchange.JSON, exchange.YAML, exchange.Dotenv} {
			text, err := exchange.Write(format, []exchange.Entry{{Name: name, Value: source.NewSecret([]byte(value))}})
			if err != nil || name == "" {
				continue
			}
			if diff := cmp.Diff(map[string]string{name: value}, parse(t, format, string(text))); diff != "" {
				t.Errorf("%s:\n%s\n%s", format, text, diff)
			}
		}
	})
}

// FuzzParse: no input makes it panic.
func FuzzParse(f *testing.F) {
	f.Add(`{"a": "b"}`)
	f.Add("A='x'\nB=\"y\"")
	f.Add("a: {base64: AA==}")
	f.Fuzz(func(_ *testing.T, text string) {
		for _, format := range []string{exchange.JSON, exchange.YAML, exchange.Dotenv} {
			_, _ = exchange.Parse(format, []byte(text))
		}
	})
}
