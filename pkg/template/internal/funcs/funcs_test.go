package funcs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/sprig/v3"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Every function of Sprig's is in the table, and what the table says is Sprig's is:
// a new version brings no function in that nobody has looked at.
func TestTableHasSprig(t *testing.T) {
	table, treatments, base := funcs.Table(), funcs.Treatments(), sprig.TxtFuncMap()
	elsewhere := []string{"env", "expandenv", "htpasswd", "include", "pkcs12", "jks"} // in package template
	for name := range base {
		if how, ok := treatments[name]; !ok || how == funcs.Own {
			t.Errorf("%s of Sprig is not in the table: say what it does about input that it cannot convert", name)
		}
	}
	for name, how := range treatments {
		f, there := table[name]
		if _, ok := base[name]; !ok && how != funcs.Own {
			t.Errorf("%s is none of Sprig's", name)
		}
		if there != (how != funcs.Removed) || there && (f.Impl == nil) != slices.Contains(elsewhere, name) {
			t.Errorf("%s: implemented is %v, and the table says %v", name, f.Impl != nil, how)
		}
	}
}

// No name is in two rows, of which one would be lost.
func TestTableHasEachNameOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range funcs.Names() {
		if seen[name] {
			t.Errorf("%s is in two rows", name)
		}
		seen[name] = true
	}
}

// What changes at each run is marked, since it rewrites files.
func TestVolatile(t *testing.T) {
	for name, f := range funcs.Table() {
		random := strings.HasPrefix(name, "gen") || strings.HasPrefix(name, "rand") || f.Like != nil && name != "derivePassword"
		if random != f.Has(funcs.Volatile) && name != "now" && name != "ago" {
			t.Errorf("%s: volatile is %v", name, f.Has(funcs.Volatile))
		}
	}
}

var awkward = []string{"", "plain", "a b", "it's", `"`, `\`, "$HOME", "`id`", "$(id)", "a\nb", "\n", " ", "*", "!x", "#", "é", "a'b\"c\\d$e`f", "\t", "-n", "~", "\xff", "a\r\nb", "\\\n"}

// A real shell reads back what was quoted for it.
func TestQuotingForShells(t *testing.T) {
	for name, quote := range map[string]func(string) (string, error){"shellquote": funcs.ShellQuote, "envquote": funcs.EnvQuote} {
		for _, s := range awkward {
			q, err := quote(s)
			if err != nil {
				t.Errorf("%s(%q): %v", name, s, err)
				continue
			}
			cmd := exec.CommandContext(t.Context(), "/bin/sh")
			cmd.Stdin = strings.NewReader("V=" + q + "\nprintf %s \"$V\"; exec cat /dev/null\n")
			cmd.Env = []string{"HOME=/home/x"}
			got, err := cmd.Output()
			if err != nil || !bytes.Equal(got, []byte(s)) {
				t.Errorf("%s(%q) = %s, which sh reads as %q (%v)", name, s, q, got, err)
			}
		}
		if _, err := quote("a\x00b"); err == nil {
			t.Errorf("%s takes a zero byte", name)
		}
	}
}

func TestEnvQuoteForms(t *testing.T) {
	for in, want := range map[string]string{"": "''", "a-b_c.d/e:f@g%h+i=j,k": "a-b_c.d/e:f@g%h+i=j,k", "a b": "'a b'", "it's $x": `"it's \$x"`, "a\nb": "'a\nb'"} {
		if got, err := funcs.EnvQuote(in); got != want || err != nil {
			t.Errorf("EnvQuote(%q) = %s, %v, want %s", in, got, err, want)
		}
	}
}

// A Failure shows its safe text alone.
func TestDescribe(t *testing.T) {
	var nothing any
	for _, c := range []struct {
		cause      any
		text, safe string
	}{
		{funcs.Problem("x"), "x", "x"},
		{errors.New("secret hunter2 refused"), "secret hunter2 refused", "it refused its input (the details are hidden: they may show a value)"},
		{"panic hunter2", "panic hunter2", "it refused its input (the details are hidden: they may show a value)"},
		{json.Unmarshal([]byte("hunter2"), &nothing), "invalid character 'h' looking for beginning of value", "its input is not JSON"},
		{parseTime("hunter2"), `parsing time "hunter2" as "2006": cannot parse "hunter2" as "2006"`, "its input is not a time of that layout"},
		{errors.New("value has type hunter2 x; should be string"), "value has type hunter2 x; should be string", "it refused its input (the details are hidden: they may show a value)"},
	} {
		f := funcs.Describe(c.cause)
		if f.Text != c.text || f.Safe != c.safe || f.Error() != c.safe {
			t.Errorf("Describe(%v) = %q, %q, want %q, %q", c.cause, f.Text, f.Safe, c.text, c.safe)
		}
	}
}

func parseTime(s string) error {
	_, err := time.Parse("2006", s)
	return err
}

func TestDepths(t *testing.T) {
	table := funcs.Table()
	for _, c := range []struct {
		name string
		want []funcs.Depth
	}{
		{"dict", []funcs.Depth{funcs.Exact, funcs.Any, funcs.Exact, funcs.Any}},
		{"dig", []funcs.Depth{funcs.Exact, funcs.Exact, funcs.Any, funcs.Inner}},
		{"set", []funcs.Depth{funcs.Inner, funcs.Exact, funcs.Any}},
		{"pick", []funcs.Depth{funcs.Inner, funcs.Exact, funcs.Exact}},
		{"list", []funcs.Depth{funcs.Any, funcs.Any}},
	} {
		for i, want := range c.want {
			if got := table[c.name].Keeps(i, len(c.want)); got != want {
				t.Errorf("%s: argument %d of %d: got %d, want %d", c.name, i, len(c.want), got, want)
			}
		}
	}
}
