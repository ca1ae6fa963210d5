package credstash

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is what credstash's own parser made of a command line: see
// testdata/record_argparse.py.
type recorded struct {
	Args   []string
	Code   int
	Stderr string
	Help   string // its first paragraph
	Values map[string]any
}

func TestParseIsArgparse(t *testing.T) {
	var file struct{ Cases []recorded }
	readJSON(t, "testdata/argparse.json", &file)
	if len(file.Cases) < 500 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, want := range file.Cases {
		got, err := parse(want.Args)
		if later(want, err) {
			continue
		}
		checkParse(t, want, got, err)
	}
}

// later reports a line on which Pythons differ: words of a positional after an
// option, "--" before a command or a second one, and "=" in the value of a
// pair. TestParseIsLaterArgparse has what becomes of those.
func later(want recorded, err error) bool {
	_, own, _ := strings.Cut(strings.Join(want.Args, " "), "t") // of get, put, ...
	refused := want.Code == exitUsage
	between := refused && strings.Contains(own, " -") && (err != nil || strings.Contains(want.Stderr, "unrecognized arguments: "))
	pair := refused && strings.Contains(want.Stderr, `is not the form of "key=value"`) && err == nil
	dashes := strings.Count(strings.Join(want.Args, " ")+" ", "-- ")
	return between && !sameWords(want, err) || pair || dashes > 1 || strings.Contains(want.Stderr, "invalid choice: '--'")
}

func sameWords(want recorded, err error) bool {
	return err != nil && mask(err.Error()) == mask(strings.TrimSuffix(want.Stderr, "\n"))
}

func checkParse(t *testing.T, want recorded, got *call, err error) {
	t.Helper()
	switch {
	case want.Code != 0:
		if !sameWords(want, err) {
			t.Errorf("%q: got %v\nwant %s", want.Args, err, want.Stderr)
		}
	case err != nil:
		t.Errorf("%q: %v", want.Args, err)
	case want.Help != "" || want.Values["action"] == nil:
		if first, _, _ := strings.Cut(got.help, "\n\n"); want.Help != "" && first != want.Help || got.help == "" {
			t.Errorf("%q: got help %s\nwant %s", want.Args, got.help, want.Help)
		}
	default:
		if diff := cmp.Diff(clean(want.Values), values(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", want.Args, diff)
		}
	}
}

// mask takes out the words that messages of put do not repeat.
func mask(text string) string {
	usage, message, _ := strings.Cut(text, ": error: ")
	private := strings.HasPrefix(usage, "usage: credstash put") || strings.Contains(message, "not shown here")
	if head, _, ok := strings.Cut(message, "unrecognized arguments: "); ok {
		return usage + head
	}
	if !private || strings.Contains(message, "invalid choice") || strings.Contains(message, "ambiguous") {
		return text
	}
	for _, before := range []string{"argument context: ", "ignored explicit argument "} {
		if head, tail, ok := strings.Cut(message, before); ok {
			_, tail, _ = strings.Cut(tail, " is not")
			return usage + head + before + tail
		}
	}
	return text
}

// clean takes out what this parser leaves to others: defaults and types.
func clean(values map[string]any) map[string]string {
	m := map[string]string{}
	defaults := map[string]string{
		"table": defaultTable, "log_level": "WARNING", "log_file": "credstash.log", "key": defaultKey, "digest": "SHA256", "format": "json",
	}
	for k, v := range values {
		b, _ := json.Marshal(v)
		if string(b) != `"`+defaults[k]+`"` && !(k == "version" && string(b) == `"1"`) {
			m[k] = string(b)
		}
	}
	return m
}

func values(c *call) map[string]string {
	m := map[string]string{"action": `"` + c.command + `"`}
	for dest, words := range c.values {
		var v any = c.text(dest)
		switch {
		case dest == "context":
			v = c.pairs(dest)
		case dest == "tags":
			pairs := [][]string{}
			for _, w := range words {
				pairs = append(pairs, strings.SplitN(w, "=", 2))
			}
			v = pairs
		case slices.Contains([]string{"noline", "autoversion", "prompt"}, dest):
			v = c.given(dest)
		case (dest == "value" || dest == "credentials") && v == "-":
			v = "from stdin"
		}
		b, _ := json.Marshal(v)
		if s := string(b); s != `""` && s != "{}" && s != "[]" {
			m[dest] = s
		}
	}
	return clean(anything(m))
}

func anything(m map[string]string) map[string]any {
	values := map[string]any{}
	for k, v := range m {
		var value any
		_ = json.Unmarshal([]byte(v), &value)
		values[k] = value
	}
	return values
}

// What Python 3.12.7 and later make of lines that 3.11 refuses
// (https://github.com/python/cpython/issues/59317), and our own "=" in values.
func TestParseIsLaterArgparse(t *testing.T) {
	for line, want := range map[string]map[string]string{
		"put x -a y":               {"action": `"put"`, "credential": `"x"`, "value": `"y"`, "autoversion": "true"},
		"put x -a y a=b":           {"action": `"put"`, "credential": `"x"`, "value": `"y"`, "autoversion": "true", "context": `{"a":"b"}`},
		"put x y -v 2 a=b":         {"action": `"put"`, "credential": `"x"`, "value": `"y"`, "version": `"2"`, "context": `{"a":"b"}`},
		"put x -k alias/k y -a":    {"action": `"put"`, "credential": `"x"`, "value": `"y"`, "autoversion": "true", "key": `"alias/k"`},
		"get x -n a=b":             {"action": `"get"`, "credential": `"x"`, "noline": "true", "context": `{"a":"b"}`},
		"get x -v 2 a=b c=d":       {"action": `"get"`, "credential": `"x"`, "version": `"2"`, "context": `{"a":"b","c":"d"}`},
		"putall {} -a a=b":         {"action": `"putall"`, "credentials": `"{}"`, "autoversion": "true", "context": `{"a":"b"}`},
		"-- get x":                 {"action": `"get"`, "credential": `"x"`},
		"-t t -- get x":            {"action": `"get"`, "credential": `"x"`, "table": `"t"`},
		"get x a=b=c":              {"action": `"get"`, "credential": `"x"`, "context": `{"a":"b=c"}`},
		"setup --tags a=b=c":       {"action": `"setup"`, "tags": `[["a","b=c"]]`},
		"put -- x -- ":             {"action": `"put"`, "credential": `"x"`, "value": `"--"`},
		"get x a=b -n c=d":         nil,
		"put x y a=b -a c=d":       nil,
		"get x a==":                {"action": `"get"`, "credential": `"x"`, "context": `{"a":"="}`},
		"get x ==":                 nil,
		"put x -a y -v 2 z -c c w": nil,
	} {
		got, err := parse(strings.Fields(line))
		if want == nil {
			if err == nil {
				t.Errorf("%s: accepted as %v", line, values(got))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if diff := cmp.Diff(want, values(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// No message of a command that takes a value repeats a word that may be one.
func TestMessagesHoldNoValue(t *testing.T) {
	for _, line := range []string{
		"put x y canary", "put x -a canary a=b more", "put x canary -Zcanary", "put x y -aZcanary", "put x y -P=Zcanary",
		"putall canary canary", "put x y a=b -- canary", "put x --log=canary",
	} {
		if _, err := parse(strings.Fields(line)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("-r eu-west-1 put x -5 a=b -a")
	f.Add("get -nv5 -- x --no")
	f.Add("setup --tags a=b -- -")
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parse(strings.Split(line, " "))
		if err == nil && c.help == "" && !slices.Contains(commandNames(), c.command) {
			t.Errorf("%q: neither a command, help nor an error", line)
		}
	})
}
