package template_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template"
)

func partials() []template.Partial {
	return []template.Partial{
		{Name: "/etc/parts/a.tmpl", Text: "{{define \"user\"}}user={{.}}\n{{end}}\n\n{{define \"pw\"}}pw={{secret .}}\n{{template \"user\" \"x\"}}{{end}}\n{{define \"unused\"}}{{secret \"nowhere\"}}{{end}}"},
		{Name: "/etc/parts/b.tmpl", Text: "B {{.}}\n  {{int (secret .)}}"},
		{Name: "/etc/parts/set.tmpl", Text: "{{define \"set\"}}{{$_ := set . \"k\" \"changed\"}}{{end}}{{define \"own\"}}partial{{end}}"},
	}
}

func TestInclude(t *testing.T) {
	for _, c := range []struct{ text, want, masked, asked string }{
		{`{{include "pw" "a" | indent 2}}`, "  pw=A\n  user=x\n  ", "(secret a)\n(secret a)\n(secret a)", "a"},
		{`{{template "pw" "a"}}`, "pw=A\nuser=x\n", "pw=(secret a)\nuser=x\n", "a"},
		{`{{include "user" "x" | upper}}`, "USER=X\n", "USER=X\n", ""},
		{`{{include "user" (secret "a") | len}}`, "7", "(secret a)", "a"},
		{`{{"3" | include "user"}}`, "user=3\n", "user=3\n", ""},
		{`{{include "b.tmpl" "n"}}`, "B n\n  3", "(secret n)\n(secret n)", "n"},
		{`{{if secret "a"}}{{include "user" "y"}}{{end}}`, "user=y\n", "(secret a)\n", "a"},
		{`{{include "own" nil}}{{define "own"}}own{{end}}`, "own", "own", ""},
		{`{{define "in"}}{{include "user" . | trim}};{{end}}{{include "in" "z"}}{{range list 1 2}}{{include "in" .}}{{end}}`,
			"user=z;user=1;user=2;", "user=z;user=1;user=2;", ""},
		{`{{include (secret "env" | replace "e1" "user") "x"}}`, "user=x\n", "(secret env)\n", "env"},
		{`{{$d := dict "k" "v"}}{{include "set" $d}}{{$d.k}}`, "changed", "changed", ""},
		{`{{$d := dict "k" "v"}}{{if secret "a"}}{{include "set" $d}}{{end}}{{$d.k}}`, "changed", "(secret a)(secret a)", "a"},
		{`{{define "if"}}{{if .}}y{{else}}n{{end}}{{end}}{{include "if" (secret "a")}}`, "y", "(secret a)", "a"},
		{`{{define "ref"}}{{secret (printf "%s" .)}}{{end}}{{include "ref" (secret "json" | fromJson).n.k}}`, "NX", "(secret json)", "json | next"},
		{`{{include "user" "x" | trim | b64enc}}`, "dXNlcj14", "dXNlcj14", ""},
	} {
		w := newWorld()
		x, out, err := w.render(t, c.text, template.Options{Name: "n.tmpl", Partials: partials()})
		if err != nil || string(out.Bytes) != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.text, out.Bytes, err, c.want)
			continue
		}
		masked, err := x.Mask(t.Context(), out)
		if err != nil || masked.String() != c.masked || w.asked() != c.asked {
			t.Errorf("%s: masked %q, asked %s, %v, want %q and %s", c.text, masked, w.asked(), err, c.masked, c.asked)
		}
	}
}

// Errors name the file and place of the innermost failure.
func TestErrorsInPartials(t *testing.T) {
	for text, want := range map[string]string{
		"x\n\n{{include \"b.tmpl\" \"a\"}}":                           "template /etc/parts/b.tmpl:2:5: int: secret a: a string that is not a number",
		`{{template "b.tmpl" "a"}}`:                                   "template /etc/parts/b.tmpl:2:5: int: secret a: a string that is not a number",
		`{{include "pw" "zz"}}`:                                       "template /etc/parts/a.tmpl:4:21: secret zz: not found",
		`{{include "nope" 1}}`:                                        `template n.tmpl:1:3: include: template "nope" is not defined here or in a partial`,
		`{{include (secret "a") 1}}`:                                  "template n.tmpl:1:3: include: secret a: no template has that name",
		`{{include "user"}}`:                                          "template n.tmpl:1:3: include: it takes NAME and DATA",
		`{{include 3 4}}`:                                             "template n.tmpl:1:3: include: its NAME is not a string",
		`{{define "r"}}{{include "r" .}}{{end}}{{include "r" 1}}`:     "nested more than 500 deep",
		`{{include "bin" .}}{{define "bin"}}x{{secret "bin"}}{{end}}`: "include: secret bin: what it returns is not UTF-8: use b64enc",
	} {
		w := newWorld()
		_, _, err := w.render(t, text, template.Options{Name: "n.tmpl", Partials: partials()})
		e, ok := errors.AsType[*template.Error](err)
		if !ok || !strings.Contains(err.Error(), want) || e.OfValue != (strings.Contains(want, ": secret") && !strings.Contains(want, "not found") || strings.Contains(want, "UTF-8")) {
			t.Errorf("%s: got %v (of a value: %v), want %s", text, err, ok && e.OfValue, want)
		}
	}
	for text, want := range map[string]string{
		"a\n{{if}}":                      "template /p/x.tmpl:2: missing value for if",
		"\n{{toJsonn 1}}":                `template /p/x.tmpl:2: function "toJsonn" not defined: did you mean toJson?`,
		"\n\n{{define \"user\"}}{{end}}": `template /p/x.tmpl: template "user" is defined in /etc/parts/a.tmpl too`,
		strings.Repeat("{{if 1}}", 101):  "template /p/x.tmpl: if, else if, with and range are nested more than 100 deep",
	} {
		_, err := template.Parse("main", template.Options{Name: "n.tmpl", Partials: append(partials(), template.Partial{Name: "/p/x.tmpl", Text: text})})
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// What no definition of the template reaches is not part of it; places in partials are
// those of their files.
func TestRefsAndLintOfPartials(t *testing.T) {
	tmpl := parse(t, "{{secret \"m\"}}{{include \"b.tmpl\" \"n\"}}", template.Options{Name: "n.tmpl", Partials: append(partials(),
		template.Partial{Name: "/p/c.tmpl", Text: "\n{{uuidv4}}{{secret \"c\"}}"}, template.Partial{Name: "/p/d.tmpl", Text: "\n{{uuidv4}}"}),
		LeftDelim: "", RightDelim: ""})
	got := []string{}
	for _, r := range tmpl.Refs() {
		got = append(got, r.Template)
	}
	if diff := cmp.Diff([]string{"n.tmpl", "/etc/parts/b.tmpl"}, got); diff != "" {
		t.Error(diff)
	}
	tmpl = parse(t, "[[template \"c.tmpl\"]]{{", template.Options{Name: "n.tmpl", LeftDelim: "[[", RightDelim: "]]",
		Partials: []template.Partial{{Name: "/p/c.tmpl", Text: "\n{{uuidv4}}{{secret \"c\"}}"}}})
	findings := tmpl.Lint(template.LintOptions{})
	if len(findings) != 1 || findings[0].Template != "/p/c.tmpl" || findings[0].Line != 2 || findings[0].Col != 3 {
		t.Errorf("got %+v", findings)
	}
}
