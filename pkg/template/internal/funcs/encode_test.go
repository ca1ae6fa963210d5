package funcs_test

import (
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// FuzzToYAML: what toYaml writes is read back as it was, texts and keys of several lines
// included.
func FuzzToYAML(f *testing.F) {
	for _, s := range []string{"\t\n", "\ta\nb", "\n\ta\n", " \ta\nb", "\r\n\ta", "\u2028a\nb", "a\n\tb", "a\n\n", "yes", "1e400", "#a\nb", "\ufeffa\nb"} {
		f.Add(s, "key", true)
		f.Add("text", s, false)
	}
	f.Fuzz(func(t *testing.T, text, key string, list bool) {
		if !utf8.ValidString(text) || !utf8.ValidString(key) {
			return
		}
		var want any = map[string]any{key: text, "nested": map[string]any{"list": []any{text, key}}}
		if list {
			want = []any{want, text, "last"}
		}
		out, err := funcs.ToYAML(want)
		if err != nil {
			t.Fatalf("%q: %v", want, err)
		}
		got, err := document.YAML(out)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q comes back as %q, %v, from %q", want, got, err, out)
		}
	})
}
