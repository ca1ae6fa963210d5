package credsmash

import (
	"maps"
	"testing"
	"unicode/utf8"
)

// FuzzFormats: secrets come back from each format that they can be dumped in, with the same
// names and values.
func FuzzFormats(f *testing.F) {
	f.Add("a", "value", "b", "x")
	f.Add("yes", "no", "null", "~")
	f.Add("1", "0o17", "2026-01-02", "1e3")
	f.Add("a,b", "\"q\"\r\n", "'", "\u2028\t")
	f.Add("<<", "*a", "!!int", "- x")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		for _, s := range []string{k1, v1, k2, v2} {
			if !utf8.ValidString(s) {
				return // the caller has removed what is binary
			}
		}
		want := map[string]string{k1: v1, k2: v2}
		for _, format := range []string{"json", "yaml"} {
			text, err := dump(want, format)
			if err != nil {
				continue
			}
			got, _, err := parseSecrets(text, format)
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("%s: %q comes back as %q, %v, from %q", format, want, got, err, text)
			}
		}
	})
}
