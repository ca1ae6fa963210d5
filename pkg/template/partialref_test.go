package template_test

import (
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

// What can be read off a computed reference is a prefix of every name that it
// can have.
func TestPartialRef(t *testing.T) {
	tests := []struct {
		text, name                     string
		prefix, anyContext, anyVersion bool
		context                        string
	}{
		{`{{ secret (printf "web.%s" .Vars.x) "env=prod" }}`, "web.", true, false, false, "env=prod"},
		{`{{ printf "100%%%s" .Vars.x | secret }}`, "100%", true, false, false, "k=default"},
		{`{{ secret (print "web." .Vars.x) }}`, "web.", true, false, false, "k=default"},
		{`{{ secret .Vars.x }}`, "", true, false, false, "k=default"},
		{`{{ range $i := until 3 }}{{ secret (printf "n%d" $i) }}{{ end }}`, "n", true, false, false, "k=default"},
		{`{{ secret "web.a" .Vars.ctx }}`, "web.a", false, true, false, "k=default"},
		{`{{ secretVersion "web.a" .Vars.v }}`, "web.a", false, false, true, "k=default"},
		{`{{ secretOr .Vars.d "web.a" }}`, "web.a", false, false, false, "k=default"},
		{`{{ secretOr "d" (printf "web.%s" .Vars.x) }}`, "web.", true, false, false, "k=default"},
		{`{{ secret (printf "a*b%s" .Vars.x) }}`, "a", true, false, false, "k=default"},
		{`{{ secret (.Vars.x | lower | printf "web.%s") }}`, "", true, false, false, "k=default"},
		{`{{ secrets (printf "web.%s.*" .Vars.x) }}`, "web.", true, false, false, "k=default"},
	}
	for _, tt := range tests {
		tmpl, err := template.Parse(tt.text, template.Options{Name: "t", Context: map[string]string{"k": "default"}})
		if err != nil {
			t.Fatal(err)
		}
		refs := tmpl.Refs()
		if len(refs) != 1 || !refs[0].Dynamic {
			t.Fatalf("%s: got %+v", tt.text, refs)
		}
		w := refs[0].Partial
		if w.Query.Ref.Name != tt.name || w.Prefix != tt.prefix || w.AnyContext != tt.anyContext || w.AnyVersion != tt.anyVersion {
			t.Errorf("%s: got %+v", tt.text, w)
		}
		if got := w.Query.Ref.Context.String(); !w.AnyContext && got != tt.context {
			t.Errorf("%s: got context %s, want %s", tt.text, got, tt.context)
		}
	}
	tmpl, err := template.Parse(`{{ secret (printf "web.%s" .Vars.x) }}`, template.Options{Name: "t", Allow: []string{"web.a"}})
	if err != nil {
		t.Fatal(err)
	}
	if w := tmpl.Refs()[0].Partial; w.Query.Ref.Name != "web." {
		t.Errorf("not allowed in this form: got %+v", w)
	}
}
