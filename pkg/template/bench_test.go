package template_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

// fiveHundred is a run at its limit: 500 refs in one template.
func fiveHundred(b *testing.B) (*world, *template.Template) {
	b.Helper()
	w := newWorld()
	var text strings.Builder
	for i := range 500 {
		name := fmt.Sprintf("k%d", i)
		w.secrets[name] = fmt.Sprintf(`{"pw":%q}`, strings.Repeat("v", 40))
		fmt.Fprintf(&text, "key%d = {{ index (secret %q | fromJson) \"pw\" | b64enc }}\n", i, name)
	}
	tmpl, err := template.Parse(text.String(), template.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return w, tmpl
}

func BenchmarkDiscover500(b *testing.B) {
	w, tmpl := fiveHundred(b)
	for b.Loop() {
		if n := len(tmpl.Discover(b.Context(), w.lookup)); n != 500 {
			b.Fatal(n)
		}
	}
}

func BenchmarkExecute500(b *testing.B) {
	w, tmpl := fiveHundred(b)
	w.gather(b, tmpl)
	for b.Loop() {
		if _, err := tmpl.Execute(b.Context(), w.lookup); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMask500(b *testing.B) {
	w, tmpl := fiveHundred(b)
	w.gather(b, tmpl)
	out, err := tmpl.Execute(b.Context(), w.lookup)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := tmpl.Mask(b.Context(), w.lookup, out); err != nil {
			b.Fatal(err)
		}
	}
}
