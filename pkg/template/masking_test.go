package template_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"value", `pw={{secret "a"}}`, `pw=(secret a)`},
		{"no secret", `h={{.Vars.h}} {{add 1 2}} {{hostname}} {{now.Year}}`, `h=example.org 3 web-1 2026`},
		{"b64enc", `host={{.Vars.h}} auth={{printf "u:%s" (secret "a") | b64enc}} len={{secret "a" | len}}`, `host=example.org auth=(secret a) len=(secret a)`},
		{"variables", `{{$x := secret "a"}}{{$y := upper $x}}a={{$y}} b={{.Vars.h}}`, `a=(secret a) b=example.org`},
		{"range", `{{range $k, $v := fromJson (secret "json")}}{{$k}}={{toJson $v}};{{end}}`, `(secret json)=(secret json);(secret json)=(secret json);`},
		{"branch", `{{if eq (secret "mode") "prod"}}on {{.Vars.h}} {{secret "a"}}{{else}}off{{end}}`, `(secret mode)`},
		{"definition", `{{define "v"}}{{.n}}:{{.k}}{{end}}{{template "v" dict "n" "web" "k" (secret "a")}} {{template "v" dict "n" "db" "k" "plain"}}`,
			`web:(secret a) db:plain`},
		{"with", `{{with secret "json" | fromJson}}{{.pw}} {{range .n}}{{.}}{{end}}{{end}}`, `(secret json) (secret json)`},
		{"name in a secret", `{{secret (printf "db.%s" (secret "env"))}}`, `(secret env)`},
		{"two", `{{printf "%s:%s" (secret "a") (secret "n")}}`, `(secret a, n)`},
		{"env and file", `{{env "HOME"}} {{file "/etc/motd" | upper}} {{printf "%s%s" (env "HOME") (secret "a")}}`,
			`(env HOME) (file /etc/motd) (secret a; env HOME)`},
		{"htpasswd", `{{htpasswd "u" (secret "htp")}}{{htpasswd "u" "p"}}`, `(secret htp)(salt)`},
		{"secretOr", `{{secretOr "d" "nope"}} {{secretOr "d" "a"}}`, `(secret nope) (secret a)`},
		{"pattern", `{{range $k, $v := secrets "db.*"}}{{$k}}={{$v}}{{end}}`, `(secret db.*)=(secret db.*)`},
		{"generated", `{{uuidv4}} {{randAlphaNum 9}} {{genPrivateKey "ed25519" | len}} {{(genCA "x" 1).Cert | len}} {{bcrypt (secret "a")}}`,
			`(generated) (generated) (generated) (generated) (secret a)`},
		{"default of a known value", `{{default (secret "a") .Vars.h}}`, `example.org`},
		{"or decided by another", `{{or (secret "a") (secret "n")}}`, `(secret a)`},
		{"assigned in a branch", `{{$x := "same"}}{{if secret "a"}}{{$x = "same"}}{{end}}{{$x}}`, `(secret a)`},
		{"loop left by a secret", `{{range list "x" "y" "z"}}{{if eq . (secret "n")}}{{break}}{{end}}{{.}}{{end}}{{.Vars.h}}`,
			`(secret n)example.org`},
		{"after a map was changed", `{{$d := dict "k" "v"}}{{if secret "a"}}{{$_ := set $d "k" "v"}}{{end}}{{$d.k}}`, `(secret a)`},
		{"same place in a known loop", `{{range $i := list 1 2}}{{$i}}{{if eq (secret "n") "3"}}{{$i}}{{end}}{{$i}};{{end}}`, `1(secret n)1;2(secret n)2;`},
		{"branch not taken", `{{if eq (secret "mode") "x"}}on{{end}} end`, `(secret mode) end`},
		{"text under a value", `{{with secret "json" | fromJson}}pw={{.pw}} h={{$.Vars.h}}{{if .n}} has n{{end}}{{if $.Vars.h}} known{{end}}{{end}}`,
			`pw=(secret json) h=(secret json)(secret json) known`},
		{"with in parentheses", `{{with (secret "json" | fromJson)}}pw={{.pw}}{{end}}`, `pw=(secret json)`},
		{"with a comparison", `{{with eq (secret "mode") "prod"}}on{{end}}`, `(secret mode)`},
		{"with a choice", `{{with ternary "x" "" (eq (secret "mode") "prod")}}on{{end}}`, `(secret mode)`},
		{"with a truth in a document", `{{with (secret "json" | fromJson).pw}}on{{end}}`, `(secret json)`},
		{"call in a branch", `{{define "v"}}on{{end}}{{if secret "mode"}}{{template "v"}}{{else}}off{{end}}`, `(secret mode)`},
		{"rest of a loop", `{{range list 1 2}}a{{if eq (secret "mode") "prod"}}{{continue}}{{end}}b{{end}}c`, `(secret mode)c`},
		{"include in a branch", `{{define "v"}}{{if secret "mode"}}on{{end}}{{end}}<{{include "v" . | upper}}>`, `<(secret mode)>`},
		{"empty", `[{{secret "empty"}}]`, `[(secret empty)]`},
		{"whole of a secret value in the text", `A {{secret "a"}} A`, `A (secret a) A`},
		{"control characters", "a\x1b[31m\tb", `a\u001b[31m` + "\tb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			x, out, err := w.render(t, c.text, template.Options{Vars: vars()})
			if err != nil {
				t.Fatal(err)
			}
			text, err := x.Mask(t.Context(), out)
			if err != nil {
				t.Fatal(err)
			}
			if got := text.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// What is shown was printed by a pass without secrets, byte for byte; anything
// else that the output holds is hidden, whatever the reason.
func TestMaskShowsOnlyWhatItCanRepeat(t *testing.T) {
	tmpl := parse(t, `{{hostname}} {{.Vars.h}}`, template.Options{Vars: vars()})
	host := func(name string) *template.Rendering {
		return template.NewFetcher(nil).Template(tmpl, template.Resolver{Host: template.Host{Hostname: func() (string, error) { return name, nil }}})
	}
	out, err := host("web-1").Execute(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := host("web-2").Mask(t.Context(), out)
	if want := "(secret) example.org"; err != nil || text.String() != want {
		t.Errorf("got %s, %v, want %s", text, err, want)
	}
}

// Old lines of a branch no longer taken are the template's own text.
func TestDiffShowsTheTemplatesOwnLines(t *testing.T) {
	const text = "a\n{{- if .Vars.tls }}\nssl on;\n  cert {{ .Vars.h }};\n{{- end }}\n{{ secret \"a\" -}}\nend {{/* x */}}\n  last"
	w := newWorld()
	x, out, err := w.render(t, text, template.Options{Vars: vars()})
	if err != nil {
		t.Fatal(err)
	}
	masked, err := x.Mask(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	got := mask.Diff("f", []byte("a\nssl on;\n  cert example.org;\nBend \n  last\n"), masked)
	want := "--- f\n+++ f\n@@ -1,5 +1,3 @@\n a\n-ssl on;\n- (hidden) (2 lines)\n-  last\n+(secret a)end \n+  last\n\\ No newline at end of file\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Which branch a secret chose shows neither in the new file nor in lines of the old one.
func TestMaskHidesTheChoiceOfASecret(t *testing.T) {
	const text = `{{define "f"}}called
{{end}}first
{{if eq (secret "a") "A"}}guessed
{{template "f"}}{{else}}missed
other
{{end}}last
`
	var shown []string
	for _, value := range []string{"A", "B"} {
		w := newWorld()
		w.secrets["a"] = value
		x, out, err := w.render(t, text, template.Options{Vars: vars()})
		if err != nil {
			t.Fatal(err)
		}
		masked, err := x.Mask(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		diff := mask.Diff("f", []byte("first\nguessed\ncalled\nmissed\nother\nlast\n"), masked)
		for _, own := range []string{"guessed", "called", "missed", "other"} {
			if strings.Contains(diff+masked.String(), own) {
				t.Errorf("%q shows in\n%s%s", own, diff, masked)
			}
		}
		if !strings.Contains(masked.String(), "first\n(secret a)") {
			t.Errorf("the rest of the text does not show:\n%s", masked)
		}
		shown = append(shown, masked.String())
	}
	if shown[0] != shown[1] {
		t.Errorf("the masked text depends on the value:\n%s\n%s", shown[0], shown[1])
	}
}

// With many secrets each place still names its own.
func TestMaskOfManySecrets(t *testing.T) {
	w := newWorld()
	var text, want strings.Builder
	for i := range 150 {
		name := fmt.Sprintf("k%d", i)
		w.secrets[name] = name
		fmt.Fprintf(&text, "%d={{secret %q}} {{.Vars.h}}\n", i, name)
		fmt.Fprintf(&want, "%d=(secret %s) example.org\n", i, name)
	}
	text.WriteString(`{{printf "%s%s" (secret "k1") (secret "k2")}} {{uuidv4}}`)
	want.WriteString("(secret) (generated)")
	x, out, err := w.render(t, text.String(), template.Options{Vars: vars()})
	if err != nil {
		t.Fatal(err)
	}
	got, err := x.Mask(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Error(diff)
	}
}

const (
	canaryOld = "oldcanaryQ7x"
	canaryNew = "newcanaryZ9k"
)

// traces are the forms in which a value may show.
func traces(t *testing.T, value string) []string {
	t.Helper()
	forms := []string{value, "canary", strings.ToUpper(value), strings.ToLower(value)}
	for _, text := range []string{`{{b64enc .Vars.v}}`, `{{b64enc (upper .Vars.v)}}`, `{{printf "u:%s" .Vars.v | b64enc}}`,
		`{{sha256sum .Vars.v}}`, `{{printf "%x" .Vars.v}}`, `{{trunc 8 .Vars.v}}`} {
		_, out, err := newWorld().render(t, text, template.Options{Vars: map[string]any{"v": value}})
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, string(out.Bytes))
	}
	return forms
}

// A plan shows neither the old value nor the new, whatever is made of it.
func TestMaskedDiffHoldsNoCanary(t *testing.T) {
	forms := append(traces(t, canaryOld), traces(t, canaryNew)...)
	for _, body := range []string{
		`{{secret "pw"}}`,
		`{{secret "pw" | b64enc}}`,
		`{{secret "pw" | upper}}`,
		`{{(secret "j" | fromJson).pw}} {{index (secret "j" | fromJson) "pw"}}`,
		`{{htpasswd "u" (secret "pw")}}`,
		`{{$x := secret "pw"}}{{$y := printf "%s!" $x}}{{$y}}`,
		`{{define "v"}}<{{.k}}>{{end}}{{template "v" dict "k" (secret "pw")}}`,
		"{{range $k, $v := secret \"j\" | fromJson}}{{$k}}={{$v}}\n{{end}}",
		"{{range splitList \"c\" (secret \"pw\")}}{{.}}\n{{end}}",
		`{{if hasPrefix "new" (secret "pw")}}{{secret "pw"}}{{else}}{{.Vars.h}}{{end}}`,
		`{{with secret "pw"}}{{.}}{{end}}`,
		`{{secretOr "none" "pw"}}`,
		`{{printf "%q %x %v" (secret "pw") (secret "pw") (list (secret "pw") | toJson)}}`,
		`{{dict "p" (secret "pw") | toYaml}}{{dict "p" (secret "pw") | toJson}}`,
		`{{secret (secret "name")}}`,
		`{{regexReplaceAll "a(.)" (secret "pw") "$1"}}{{trunc 8 (secret "pw")}}`,
		`{{secret "pem"}}`,
	} {
		old := renderCanary(t, body, canaryOld)
		text := renderCanary(t, body, canaryNew)
		diff := mask.Diff("f", old.bytes, text.masked)
		if !strings.Contains(diff, "(secret") || !strings.Contains(diff, "- (hidden)") {
			t.Errorf("%s: nothing is masked:\n%s", body, diff)
		}
		for _, shown := range []string{diff, text.masked.String(), mask.Diff("f", nil, text.masked)} {
			for _, form := range forms {
				if strings.Contains(shown, form) {
					t.Errorf("%s: %q shows in\n%s", body, form, shown)
				}
			}
		}
	}
}

type rendered struct {
	bytes  []byte
	masked mask.Text
}

func renderCanary(t *testing.T, body, canary string) rendered {
	t.Helper()
	w := newWorld()
	maps.Copy(w.secrets, map[string]string{
		"pw": canary, "j": `{"pw":"` + canary + `","u":"bob"}`, "name": canary, canary: "value of " + canary,
		"pem": "-----BEGIN-----\n" + strings.Repeat(canary+"\n", 4) + "-----END-----\n",
	})
	x, out, err := w.render(t, "head\nhost {{.Vars.h}}\n"+body+"\ntail\n", template.Options{Vars: vars()})
	if err != nil {
		t.Fatal(err)
	}
	text, err := x.Mask(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	return rendered{out.Bytes, text}
}

func TestLabel(t *testing.T) {
	secret := func(name string) template.Query {
		return template.Query{Kind: template.Secret, Ref: source.Ref{Name: name}}
	}
	derived := secret("x")
	derived.Derived = true
	for _, c := range []struct {
		queries []template.Query
		want    string
	}{
		{nil, ""},
		{[]template.Query{secret("b"), secret("a"), secret("a")}, "secret a, b"},
		{[]template.Query{{Kind: template.Secret, Ref: source.Ref{Source: "ssm", Name: "/p"}}}, "secret ssm:/p"},
		{[]template.Query{{Kind: template.Env, Name: "X"}, secret("a")}, "secret a; env X"},
		{[]template.Query{derived}, "secret"},
		{[]template.Query{derived, secret("a")}, "secret a"},
		{[]template.Query{{Kind: template.Salt}, secret("a")}, "secret a"},
		{[]template.Query{{Kind: template.Salt}}, "salt"},
		{[]template.Query{secret("a\nb")}, `secret "a\nb"`},
	} {
		if got := template.Label(c.queries...); got != c.want {
			t.Errorf("Label(%v) = %q, want %q", c.queries, got, c.want)
		}
	}
}
