package convert_test

import (
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/compat/jinja/convert"
)

// Files of another kind are refused, and a Jinja2 template that only looks a little like
// one is not.
func TestFilesOfAnotherKind(t *testing.T) {
	for text, want := range map[string]string{
		"template {\n  source = \"a\"\n}\n":                        "neither {{ }}",
		"{\"a\": 1}\n":                                             "neither {{ }}",
		"{{ with secret \"db\" }}{{ .Data.password }}{{ end }}":    "Go's text/template",
		"{{ key \"a/b\" }}":                                        "Go's text/template",
		"# {{ timestamp }}":                                        "Go's text/template",
		"{{- range services -}}\n{{ .Name }}\n{{- end -}}":         "Go's text/template",
		"{{ .Vars.x }} {{ env \"X\" }}":                            "Go's text/template",
		"{{ secrets.a \n":                                          "line ",
		"{{ service }}":                                            "",
		"{% for s in services %}{{ s }}{% endfor %}{{ services }}": "",
	} {
		_, _, err := convert.Convert(text, convert.Options{ObjName: "secrets", KeyFmt: "{0}"})
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
