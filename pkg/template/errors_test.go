package template_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

const at = "template n.tmpl:1:"

// failures are templates and the errors that they end with, which name the place,
// the function, the ref and the cause.
type failures []struct{ text, want string }

func (f failures) check(t *testing.T) {
	t.Helper()
	for _, c := range f {
		w := newWorld()
		w.denied = map[string]bool{"refused": true}
		_, _, err := w.render(t, c.text, template.Options{Name: "n.tmpl", Vars: vars(),
			Contexts: map[string]map[string]string{"web": {"a": "b"}, "db": {}}})
		if err == nil || err.Error() != c.want {
			t.Errorf("%.200s:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	failures{
		{`{{secret "zz"}}`, at + `3: secret zz: not found`},
		{"\n\n  {{ secret \"zz\" \"k=v\" }}", "template n.tmpl:3:6: secret zz (k=v): not found"},
		{`{{secretVersion "zz" 7}}`, at + `3: secretVersion: secret zz version 7: not found`},
		{`{{secretOr "d" "refused"}}`, at + `3: secretOr: secret refused: query table: access denied`},
		{`{{secret "zz" "web2"}}`, at + `3: secret: unknown context web2 (known are web, db)`},
		{`{{secret "zz" "a=1" "a=2"}}`, at + `3: secret: a is given twice in its context, with different values`},
		{`{{secret "zz" (dict "a" 1) "a=2"}}`, at + `3: secret: a is given twice in its context, with different values`},
		{`{{secret "zz" "a=2" "web"}}`, at + `3: secret: a is given twice in its context, with different values`},
		{`{{secret "zz" 3}}`, at + `3: secret: a context is key=value, a name or a map, not a int`},
		{`{{secret ""}}`, at + `3: secret: invalid reference: "" has no name`},
		{`{{.Vars.nope}}`, at + `8: map has no entry for key "nope"`},
		{`{{.Vars.null | upper}}`, at + `16: it got nil (a missing key?), and needs a string`},
		{`{{.Vars.null}}`, at + `3: nothing to print: the value is nil (a missing key, or an unset variable?)`},
		{`{{index (secret "json" | fromJson) "zz"}}`, at + `3: secret json: nothing to print: the value is nil (a missing key, or an unset variable?)`},
		{`{{(secret "json" | fromJson).n.k.z}}`, at + `20: secret json: can't evaluate field z in type interface {}`},
		{`{{index .Vars.users 7}}`, at + `3: index: index out of range: 7`},
		{`{{index (secret "csv" | splitList ",") 9}}`, at + `3: index: secret csv: an index is out of range`},
		{`{{range secret "a"}}{{end}}`, at + `9: secret a: range can't iterate over a string`},
		{`{{range $i, $j := 3}}{{end}}`, at + `9: range over a number has one variable, not two`},
		{`{{until "3"}}`, at + `3: until: argument 1 is a string, not a number; use int`},
		{`{{upper}}`, at + `3: wrong number of args for upper: want 1 got 0`},
		{`{{"a" 3}}`, at + `3: can't give argument to non-function "a"`},
		{`{{template "x"}}`, at + `12: template "x" not defined`},
		{`{{div 1 0}}`, at + `3: div: it divides by zero`},
		{`{{lt (secret "a") 3}}`, at + `3: lt: secret a: cannot compare a string with an int; use int or toString first`},
		{`{{dig "a" "b" (secret "a")}}`, at + `3: dig: secret a: interface conversion: interface {} is string, not map[string]interface {}`},
		{`{{first (secret "a")}}`, at + `3: first: secret a: Cannot find first on type string`},
		{`{{b64dec "%%"}}`, at + `3: b64dec: illegal base64 data at input byte 0`},
		{`{{b64dec (secret "csv")}}`, at + `3: b64dec: secret csv: its input is not base64`},
		{`{{mustFromJson "hello"}}`, at + `3: mustFromJson: its input is not valid JSON: invalid character 'h' looking for beginning of value`},
		{`{{mustFromJson (secret "csv")}}`, at + `3: mustFromJson: secret csv: its input is not valid JSON: the text is not JSON`},
		{`{{mustToDate "2006" (secret "csv")}}`, at + `3: mustToDate: secret csv: its input is not a time of that layout`},
		{`{{mustRegexFind (printf "%s(" (secret "a")) "x"}}`, at + `3: mustRegexFind: secret a: its pattern is not a regular expression`},
		{`{{urlParse (printf "%%zz%s" (secret "a"))}}`, at + `3: urlParse: secret a: its input is not a URL`},
		{`{{now.Format (secret "a") 3}}`, at + `3: wrong number of args for Format: want 1 got 2`},
		{`{{(semver "1.2.3").SetPrerelease (secret "csv")}}`, at + `19: it cannot be executed (the details are hidden: they may show a value)`},
		{`{{file "/nope"}}`, at + `3: file /nope: no such file`},
		{`{{dateInZone "2006" now "Mars"}}`, at + `3: dateInZone: zone Mars: no such zone`},
		{`{{htpasswd "u:x" "p"}}`, at + `3: htpasswd: the user name contains a colon or a control character`},
		{`{{htpasswd "u" (secret "empty")}}`, at + `3: htpasswd: secret empty: the password is empty`},
		{`{{nginxquote "$x"}}`, at + `3: nginxquote: the value contains a $, which nginx expands inside quotes and cannot escape`},
	}.check(t)
}

func TestErrorsHideSecrets(t *testing.T) {
	failures{
		// What fail says is shown where no secret can be in it.
		{`{{fail "plain"}}`, at + `3: fail: plain`},
		{`{{if secret "a"}}{{fail "plain"}}{{end}}`, at + `20: fail: plain`},
		{`{{if secret "a"}}{{fail (printf "bad %s" .Vars.h)}}{{end}}`, at + `20: fail: bad example.org`},
		{`{{fail (printf "bad %s" (secret "a"))}}`, at + `3: fail: (message hidden: it may depend on a secret)`},
		{`{{fail (secret "a")}}`, at + `3: fail: (message hidden: it may depend on a secret)`},
		// So is the name of a secret.
		{`{{secret (secret "csv")}}`, at + `3: secret (name hidden: it depends on a secret): not found`},
		{`{{if secret "a"}}{{secret (printf "z%d" .Vars.n)}}{{end}}`, at + `20: secret z1: not found`},
		{`{{range splitList "," (secret "csv")}}{{if eq . "env"}}{{secret "zz"}}{{end}}{{end}}`, at + `58: secret zz: not found`},
		{`{{or (secret "empty") (secret "zz")}}`, at + `24: secret zz: not found`},
		{`{{secret "a" (secret "csv")}}`, at + `3: secret: secret csv: unknown context (its name is hidden: it may depend on a secret)`},
		{`{{file (secret "csv")}}`, at + `3: file (name hidden: it depends on a secret): no value (the details are hidden: its name depends on a secret)`},
	}.check(t)
}

// The parser quotes the template alone.
func TestErrorsOfTheParser(t *testing.T) {
	failures{
		{`{{secert "a"}}`, `template n.tmpl:1: function "secert" not defined: did you mean secret?`},
		{`{{toJSON 5}}`, `template n.tmpl:1: function "toJSON" not defined: did you mean toJson?`},
		{`{{parseJSON "x"}}`, `template n.tmpl:1: function "parseJSON" not defined: did you mean fromJson?`},
		{`{{keyOrDefault "a" "b"}}`, `template n.tmpl:1: function "keyOrDefault" not defined: here it is secretOr DEFAULT NAME`},
		{`{{parsejson "x"}}`, `template n.tmpl:1: function "parsejson" not defined: did you mean fromJson?`},
		{"\n{{ base64.Decode \"eA==\" }}", `template n.tmpl:2: function "base64" not defined: did you mean b64dec?`},
		{`{{env.Getenv "HOME"}}`, `template n.tmpl:1:3: function "env.Getenv" not defined: here it is env NAME | default DEFAULT`},
		{`{{sprig_toUpper "x"}}`, `template n.tmpl:1: function "sprig_toUpper" not defined: did you mean upper?`},
		{`{{nothing.Like "x"}}`, `template n.tmpl:1: function "nothing" not defined`},
		{`{{getHostByName "a"}}`, `template n.tmpl:1: function "getHostByName" not defined`},
		{`{{emit 1 2}}`, `template n.tmpl:1: function "emit" not defined: did you mean omit?`},
		{"a\n{{ if 1 }}\n", `template n.tmpl:3: unexpected EOF`},
		{"a\n{{ if (\n", `template n.tmpl:3: unclosed action started at line 2`},
		{"{{if 1}}{{end", `template n.tmpl:1: unclosed action`},
		{`{{define "a"}}x{{end}}{{define "a"}}y{{end}}`, `template n.tmpl:1: template: multiple definition of template "a"`},
		{strings.Repeat("{{if 1}}", 5000), `template n.tmpl: if, else if, with and range are nested more than 100 deep`},
		{"{{if 1}}" + strings.Repeat("{{else if 1}}", 200) + "{{end}}", `template n.tmpl: if, else if, with and range are nested more than 100 deep`},
		{strings.Repeat("x", 5<<20), `template n.tmpl: the template is larger than 4 MiB`},
	}.check(t)
}

func TestErrorCauses(t *testing.T) {
	w := newWorld()
	w.denied = map[string]bool{"refused": true}
	for _, c := range []struct {
		text string
		want error
	}{
		{`{{secret "zz"}}`, source.ErrNotFound},
		{`{{secret "refused"}}`, source.ErrDenied},
		{`{{secret "refused"}}`, errAccess},
		{`{{secret (secret "csv")}}`, source.ErrNotFound},
		{`{{secretOr "d" "refused"}}`, source.ErrDenied},
		{`{{if}}`, template.ErrSyntax},
	} {
		_, _, err := w.render(t, c.text, template.Options{})
		e, ok := errors.AsType[*template.Error](err)
		if !ok || !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want an *Error that is %v", c.text, err, c.want)
		}
		if ok && e.Query.Derived && strings.Contains(fmt.Sprint(errors.Unwrap(e)), "a,env") {
			t.Errorf("%s: the cause shows the name: %v", c.text, errors.Unwrap(e))
		}
	}
}
