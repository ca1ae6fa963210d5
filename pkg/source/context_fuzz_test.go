package source_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// FuzzContext: two contexts are equal if and only if their pairs are, and every form of a
// context comes back as it was.
func FuzzContext(f *testing.F) {
	f.Add("env", "prod", "Env", "prod")
	f.Add("a", "b=c", "a=b", "c")
	f.Add("é", "<&>\u2028", "e\u0301", "\x00")
	f.Add("", "", "k", "\xff")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		one, two := map[string]string{k1: v1}, map[string]string{k2: v2}
		both := map[string]string{k1: v1, k2: v2}
		contexts := map[source.Context]map[string]string{}
		for _, pairs := range []map[string]string{one, two, both} {
			c, err := source.NewContext(pairs)
			if err != nil {
				continue
			}
			if twin, ok := contexts[c]; ok && !maps.Equal(twin, pairs) {
				t.Errorf("%q and %q are one context", twin, pairs)
			}
			contexts[c] = pairs
			text, err := c.MarshalText()
			var again source.Context
			if err != nil || again.UnmarshalText(text) != nil || again != c || !maps.Equal(c.Map(), pairs) {
				t.Errorf("%q comes back as %q: %v", pairs, again.Map(), err)
			}
			if strings.ContainsFunc(c.String(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q shows as %q", pairs, c)
			}
		}
		key, value, err := source.ParsePair(k1 + "=" + v1)
		if wanted := k1 != "" && !strings.Contains(k1, "="); wanted && (err != nil || key != k1 || value != v1) {
			t.Errorf("%q=%q is %q, %q: %v", k1, v1, key, value, err)
		}
	})
}
