package template_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

// fiveHundred is a run at its limit: 500 refs in one template.
func fiveHundred(b *testing.B) (*world, *template.Rendering) {
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
	return w, w.rendering(tmpl)
}

func BenchmarkAsked500(b *testing.B) {
	_, x := fiveHundred(b)
	for b.Loop() {
		if n := len(x.Queries(b.Context())); n != 500 {
			b.Fatal(n)
		}
	}
}

func BenchmarkExecute500(b *testing.B) {
	w, x := fiveHundred(b)
	w.gather(b, x)
	for b.Loop() {
		if _, err := x.Execute(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMask500(b *testing.B) {
	w, x := fiveHundred(b)
	w.gather(b, x)
	out, err := x.Execute(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := x.Mask(b.Context(), out); err != nil {
			b.Fatal(err)
		}
	}
}
