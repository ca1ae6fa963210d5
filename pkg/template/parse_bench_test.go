package template_test

import (
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

// Parsing a small template costs what making its functions ready costs.
func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := template.Parse(`user = {{ secret "db.user" | quote }} {{ printf "%d" 5 }}`, template.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
