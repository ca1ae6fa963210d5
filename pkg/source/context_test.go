package source_test

import (
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
)

func newContext(t testing.TB, pairs map[string]string) source.Context {
	t.Helper()
	c, err := source.NewContext(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestContextsAreEqualWhenTheirPairsAre: as values, so that a Ref can be a key.
func TestContextsAreEqualWhenTheirPairsAre(t *testing.T) {
	many := map[string]string{}
	for _, k := range []string{"z", "a", "M", "é", "0", "a.b", "A"} {
		many[k] = k
	}
	first := newContext(t, many)
	for range 50 { // each time in another order
		if newContext(t, maps.Clone(many)) != first {
			t.Fatal("equal pairs make different contexts")
		}
	}
	if newContext(t, map[string]string{}) != (source.Context{}) || newContext(t, nil) != (source.Context{}) {
		t.Error("no pairs are not the zero Context")
	}
	different := []map[string]string{
		nil, {"env": "prod"}, {"Env": "prod"}, {"env": "Prod"}, {"env": "prod "}, {" env": "prod"}, {"env": ""}, {"env": "prod", "app": "web"},
		{"en": "vprod"}, {"env": "prod,app=web"}, {"env": `prod","app":"web`}, {"e\u0301": "x"}, {"\u00e9": "x"}, {"env": "<prod>"}, {"env": `\u003cprod\u003e`},
	}
	seen := map[source.Context]map[string]string{}
	for _, m := range different {
		c := newContext(t, m)
		if other, ok := seen[c]; ok {
			t.Errorf("%v and %v are one context", m, other)
		}
		seen[c] = m
	}
}

func TestContextRoundTrip(t *testing.T) {
	check := func(pairs map[string]string) bool {
		clean := map[string]string{}
		for k, v := range pairs {
			if k != "" && utf8.ValidString(k) && utf8.ValidString(v) {
				clean[k] = v
			}
		}
		c, err := source.NewContext(clean)
		if err != nil || !cmp.Equal(clean, c.Map()) || c.IsZero() != (len(clean) == 0) {
			return false
		}
		b, err := json.Marshal(source.Ref{Name: "n", Context: c})
		if err != nil {
			return false
		}
		var back source.Ref
		return json.Unmarshal(b, &back) == nil && back == source.Ref{Name: "n", Context: c}
	}
	for _, m := range []map[string]string{nil, {"env": "prod"}, {"a": "", "b": "\x00\n\u2028<&>\"\\"}, {"名": "値", "🔐": "\ufffd"}} {
		if !check(m) {
			t.Errorf("%v does not come back", m)
		}
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// TestContextMapIsACopy: a Context never changes.
func TestContextMapIsACopy(t *testing.T) {
	c := newContext(t, map[string]string{"env": "prod"})
	c.Map()["env"] = "dev"
	if got := c.Map()["env"]; got != "prod" {
		t.Errorf("changed to %s", got)
	}
	if (source.Context{}).Map() == nil {
		t.Error("the zero Context gives a nil map")
	}
}

func TestContextRefuses(t *testing.T) {
	for _, m := range []map[string]string{{"": "v"}, {"\xff": "v"}, {"k": "\xff"}} {
		if c, err := source.NewContext(m); !errors.Is(err, source.ErrContext) || !c.IsZero() {
			t.Errorf("%q: %v", m, err)
		}
	}
	for _, s := range []string{`{`, `[]`, `{"a":1}`, `{"":"v"}`, `"x"`} {
		c := newContext(t, map[string]string{"before": "x"})
		if err := c.UnmarshalText([]byte(s)); !errors.Is(err, source.ErrContext) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestContextString(t *testing.T) {
	tests := []struct {
		pairs map[string]string
		want  string
	}{
		{nil, ""},
		{map[string]string{"env": "prod"}, "env=prod"},
		{map[string]string{"b": "2", "a": "1"}, "a=1 b=2"},
		{map[string]string{"k": "two words", "q": `"`}, `"k=two words" "q=\""`},
		{map[string]string{"k": "\x1b[31m"}, `"k=\x1b[31m"`},
		{map[string]string{"名": "値"}, "名=値"},
	}
	for _, tt := range tests {
		if got := newContext(t, tt.pairs).String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestParsePair(t *testing.T) {
	for s, want := range map[string][2]string{"k=v": {"k", "v"}, "k=": {"k", ""}, "k=a=b": {"k", "a=b"}, " k = v ": {" k ", " v "}} {
		k, v, err := source.ParsePair(s)
		if k != want[0] || v != want[1] || err != nil {
			t.Errorf("%q: got %q, %q, %v", s, k, v, err)
		}
	}
	for _, s := range []string{"", "k", "=v", "="} {
		if _, _, err := source.ParsePair(s); !errors.Is(err, source.ErrContext) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
