package template_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// What is inserted into the tree must not show: without secrets the output is
// that of text/template with Sprig.
func TestSameAsTextTemplate(t *testing.T) {
	for _, text := range []string{
		`{{.Vars.h}} {{ .Vars.n | add 2 }}{{- " x " -}} y`,
		`{{if .Vars.tls}}a{{else if eq .Vars.n 1}}b{{else}}c{{end}}`,
		`{{with .Vars.h}}{{.}}{{else}}none{{end}}{{with $x := .Vars.n}}{{$x}}{{end}}{{with .Vars.tls}}x{{else with .Vars.h}}{{.}}{{end}}`,
		`{{range .Vars.users}}{{.}},{{end}}{{range $i, $u := .Vars.users}}{{$i}}{{$u}}{{else}}none{{end}}{{range list}}x{{else}}none{{end}}`,
		`{{range 3}}{{.}}{{end}}{{range $i := 2}}{{$i}}{{end}}{{range $k, $v := dict "b" 1 "a" 2}}{{$k}}{{$v}}{{end}}`,
		`{{range until 5}}{{if eq . 3}}{{break}}{{end}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}}`,
		`{{range until 3}}{{range until 3}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{else}}{{break}}{{end}};{{end}}`,
		`{{range list 1 2}}{{range list}}{{else}}{{continue}}{{end}}x{{end}}y`,
		`{{range until 600}}{{range list}}{{else}}{{continue}}{{end}}x{{end}}{{range until 600}}{{range list 1}}{{break}}{{end}}{{end}}y`,
		`{{define "a"}}[{{.}}{{template "b" 1}}]{{end}}{{define "b"}}<{{.}}>{{end}}{{template "a" .Vars.h}}{{block "c" 2}}{{.}}{{end}}`,
		`{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{$y}}{{end}}{{$x}}{{range $i, $x := list 4}}{{$x}}{{end}}{{$x}}`,
		`{{or "" 0 "x"}}{{or 0 false}}{{and 1 "y"}}{{and 1 0}}{{"p" | or ""}}{{"p" | and 1}}{{or nil "q"}}{{(or .Vars.users).x | default 1}}`,
		`{{not 1}}{{not ""}}{{len "abc"}}{{index .Vars.users 1}}{{index "abc" 1}}{{eq 1 1 2}}{{ne "a" "b"}}{{lt 1 2}}{{le 2 2}}{{gt 1.5 1.0}}{{ge "b" "a"}}`,
		`{{print "a" 1 2 "b"}}{{println 1}}{{printf "%05d %q %v" 7 "x" .Vars.h}}{{html "<a&b>"}}{{js "'"}}{{urlquery "a b&c"}}`,
		`{{slice .Vars.users 1 | toJson}}{{slice (list 1 2 3) 1 2 | toJson}}{{toJson .Vars.users}}{{dict "a" 1 "b" (list 1) | toJson}}{{1.5}}{{true}}{{'a'}}{{1e3}}`,
		`{{"x" | repeat 3 | upper | quote}}{{list "b" "a" | sortAlpha | join "-"}}{{"a\nb" | nindent 2}}{{indent 3 "x"}}{{trunc -2 "abcd"}}`,
		`{{until 3 | toJson}}{{untilStep 5 0 -2 | toJson}}{{seq 5}}{{seq 2 -1}}{{seq 0 2 7}}{{replace "a" "bb" "banana"}}{{wrapWith 3 "\t" "a b c d"}}{{round 3.14159 2}}`,
		`{{regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W"}}{{mustRegexReplaceAllLiteral "b" "abc" "$1"}}{{toJson (dict "a" "<x>")}}{{toRawJson "<x>"}}`,
		`{{$d := dict "a" 1}}{{$_ := set $d "b" 2}}{{$_ := unset $d "a"}}{{toJson $d}}{{merge (dict "x" 1) (dict "x" 2 "y" 3) | toJson}}{{get $d "b"}}{{hasKey $d "z"}}`,
		`{{fromJson "{\"a\":[1,2,{\"b\":true}]}" | toJson}}{{(fromJson "{\"a\":1}").a}}{{dig "a" "b" "none" (dict "a" (dict "b" 1))}}{{pluck "a" (dict "a" 1) (dict) | toJson}}`,
		`{{(semver "1.2.3-b+c").Minor}}{{semverCompare ">1.0" "1.2"}}{{(urlParse "http://u:p@h:1/p?q#f").host}}{{b64dec "YQ=="}}{{sha1sum "x"}}`,
		`{{default "d" ""}}{{default "d" .Vars.h}}{{coalesce 0 "" "c"}}{{ternary 1 2 true}}{{empty 0}}{{all 1 2}}{{any 0 ""}}{{kindOf .Vars.users}}{{typeOf 1}}`,
		`{{first .Vars.users}}{{last .Vars.users}}{{list (rest .Vars.users) (initial .Vars.users) (append .Vars.users 1) (prepend .Vars.users 1) (concat (list 1) (list 2)) (reverse .Vars.users) (uniq (list 1 1)) (has 1 (list 1)) (without (list 1 2) 1) (chunk 1 .Vars.users) | toJson}}`,
		`{{dateInZone "2006-01-02" 0 "UTC"}}{{duration "95"}}{{durationRound "2h10m5s"}}{{unixEpoch (toDate "2006" "1970" | mustDateModify "1h") | len | lt 0}}`,
		"{{/* comment */}}a{{- /* trimmed */ -}} b\n{{`raw`}}\n",
	} {
		tmpl, err := texttemplate.New("").Funcs(sprig.TxtFuncMap()).Option("missingkey=error").Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		wantErr := tmpl.Execute(&want, map[string]any{"Vars": vars()})
		_, out, err := newWorld().render(t, text, template.Options{Vars: vars()})
		if (err == nil) != (wantErr == nil) || err == nil && string(out.Bytes) != want.String() {
			t.Errorf("%s:\ngot  %q, %v\nwant %q, %v", text, out.Bytes, err, want.String(), wantErr)
		}
	}
}

func TestFunctions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{{secret "a" | printf "%T"}}`, "string"},
		{`{{slice "abcdef" 1 3}}{{slice (secret "json") 0 1}}{{slice "ab"}}`, "bc{ab"},
		{`{{keys (dict "c" 1 "a" 2 "b" 3) | join " "}} {{values (dict "c" 1 "a" 2 "b" 3) | join " "}}`, "a b c 2 3 1"},
		{`{{$l := splitList "," "b,a"}}{{sortAlpha $l | join " "}} {{$l | join " "}}`, "a b b a"},
		{`{{secret "csv" | shellquote}} {{shellquote "it's"}} {{shellquote ""}}`, `'a,env' 'it'\''s' ''`},
		{`{{jsonquote "<a\n\"b\">"}} {{minjson "{ \"a\": 1.50 , \"b\": [ ] }"}}`, `"<a\n\"b\">" {"a":1.50,"b":[]}`},
		{`{{nginxquote "a\"b\\c d;"}}`, `"a\"b\\c d;"`},
		{`{{toYaml (dict "b" (list 1 "x") "a" (dict "c" "d: e"))}}`, "a:\n  c: 'd: e'\nb:\n  - 1\n  - x"},
		{`{{toToml (dict "b" (list 1 2) "a" (dict "c" "d"))}}`, "b = [1, 2]\n\n[a]\nc = 'd'"},
		{`{{toJson (dict "a" "<")}}{{toRawJson (dict "a" "<")}}`, `{"a":"\u003c"}{"a":"<"}`},
		{`{{htpasswd "u" "p" | trunc 5}}{{eq (htpasswd "u" "p") (htpasswd "u" "p")}}{{eq (htpasswd "u" "p") (htpasswd "v" "p")}}`, "u:$6$truefalse"},
		{`{{expandenv "${HOME}x"}}{{hostname | upper}}`, "/home/opxWEB-1"},
		{`{{ago (now | dateModify "-90s")}} {{durationRound (now | dateModify "-3h")}} {{date "2006" now}} {{(mustToDate "2006-01-02" "2020-02-03").Month}}`,
			"1m30s 3h 2026 February"},
		{`{{toDate "2006-01-02 15:04" "2020-02-03 04:05" | unixEpoch}}`, "1580699100"}, // in the host's zone
		{`{{"<script>"}}`, "<script>"},
	} {
		_, out, err := newWorld().render(t, c.text, template.Options{Vars: vars()})
		if err != nil || string(out.Bytes) != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.text, out.Bytes, err, c.want)
		}
	}
}

// The line of htpasswd stays the same until user, password or host change.
func TestHtpasswd(t *testing.T) {
	line := func(text, key string) string {
		_, out, err := newWorld().render(t, text, template.Options{})
		if key != "" {
			out, err = template.Render(t.Context(), parse(t, text, template.Options{}), saltedBy(key))
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(out.Bytes)
	}
	salt := func(s string) string { return strings.Split(s, "$")[2] }
	base := line(`{{htpasswd "u" "p"}}`, "")
	if again := line(`{{htpasswd "u" "p"}}`, ""); again != base || !strings.HasPrefix(base, "u:$6$") || len(base) != 108 {
		t.Errorf("got %s, then %s", base, again)
	}
	for name, other := range map[string]string{
		"user": line(`{{htpasswd "v" "p"}}`, ""), "password": line(`{{htpasswd "u" "q"}}`, ""), "host": line(`{{htpasswd "u" "p"}}`, "another key, 24 bytes..."),
	} {
		if salt(other) == salt(base) {
			t.Errorf("another %s has the same salt: %s", name, other)
		}
	}
	_, err := template.Render(t.Context(), parse(t, `{{htpasswd "u" "p"}}`, template.Options{}), saltedBy("short"))
	if err == nil {
		t.Error("a short key is taken")
	}
}

func saltedBy(key string) template.Resolver {
	return template.Resolver{Host: template.Host{SaltKey: func() ([]byte, error) { return []byte(key), nil }}}
}

func TestContexts(t *testing.T) {
	o := template.Options{
		Context:  map[string]string{"Env": "prod"},
		Contexts: map[string]map[string]string{"web": {"app.tier": "web", "Env": "x"}, "db": {"app.tier": "db"}},
		Sources:  []string{"payments"},
	}
	for _, c := range []struct{ text, want string }{
		{`{{secretOr 1 "a"}}`, "secret a (Env=prod)"},
		{`{{secretOr 1 "a" "k=v=w"}}`, "secret a (k=v=w)"},
		{`{{secretOr 1 "a" "web"}}`, "secret a (Env=x app.tier=web)"},
		{`{{secretOr 1 "a" "web" "Env=y"}}`, "secret a (Env=y app.tier=web)"},
		{`{{secretOr 1 "a" (dict "n" 1 "s" "t")}}`, "secret a (n=1 s=t)"},
		{`{{secretOr 1 "a" (dict)}}`, "secret a"},
		{`{{secretOr 1 "payments:a" "db"}}`, "secret payments:a (app.tier=db)"},
		{`{{secretOr 1 "other:a" "db"}}`, "secret other:a (app.tier=db)"},
		{`{{secretVersion "a" 7 "db"}}`, "secret a version 7 (app.tier=db)"},
		{`{{secrets "a*" "db"}}`, "secrets a* (app.tier=db)"},
		{`{{secretOr 1 "a?b=c"}}`, "secret a?b=c (Env=prod)"},
	} {
		tmpl, err := template.Parse(c.text, o)
		if err != nil {
			t.Fatal(err)
		}
		queries := newWorld().rendering(tmpl).Queries(t.Context())
		if len(queries) != 1 || queries[0].String() != c.want {
			t.Errorf("%s asks for %v, want %s", c.text, queries, c.want)
		}
	}
	if queries := discover(t, `{{secretOr 1 "payments:a"}}`, o); queries[0].Ref.Source != "payments" || !queries[0].Optional {
		t.Errorf("got %+v, want an optional one of payments", queries[0])
	}
}

// Two values of one key are a contradiction, and no message shows them.
func TestContradictoryContext(t *testing.T) {
	for _, text := range []string{
		`{{secret "a" "Env=x" "Env=y"}}`, `{{secretVersion "a" 7 "Env=x" "k=v" "Env=y"}}`, `{{secrets "a*" "Env=x" "Env=y"}}`,
	} {
		_, _, err := newWorld().render(t, text, template.Options{Name: "n"})
		if err == nil || !strings.Contains(err.Error(), "Env is given twice in its context, with different values") {
			t.Errorf("%s: got %v, want an error that names the key", text, err)
		}
	}
	if queries := discover(t, `{{secret "a" "Env=x" "Env=x"}}`, template.Options{}); len(queries) != 1 {
		t.Errorf("got %v, want the same pair to be taken twice", queries)
	}
}

func discover(t *testing.T, text string, o template.Options) []template.Query {
	t.Helper()
	tmpl, err := template.Parse(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return newWorld().rendering(tmpl).Queries(t.Context())
}

func TestAllowAndRestrict(t *testing.T) {
	o := template.Options{Allow: []string{"web.*", "ssm:/web/*"}, Restrict: true, Sources: []string{"ssm"}}
	for _, text := range []string{`{{secretOr "d" "web.x"}}`, `{{secrets "web.*" | len}}`, `{{secrets "web.a*c" | len}}`, `{{secretOr "d" "ssm:/web/x"}}`,
		`{{dateInZone "2006" 0 "UTC"}}`, `{{if false}}{{env "HOME"}}{{secret "x"}}{{end}}`} {
		if _, _, err := newWorld().render(t, text, o); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`{{secret "a"}}`, `{{secretOr "d" "a"}}`, `{{secretVersion "a" 1}}`, `{{secrets "*"}}`, `{{secrets "we*"}}`,
		`{{secret "ssm:web.x"}}`, `{{env "HOME"}}`, `{{expandenv "$HOME"}}`, `{{file "/etc/motd"}}`, `{{hostname}}`, `{{now}}`, `{{ago 0}}`} {
		w := newWorld()
		_, _, err := w.render(t, text, o)
		if !errors.Is(err, template.ErrNotAllowed) {
			t.Errorf("%s: got %v, want ErrNotAllowed", text, err)
		}
		if len(w.batches) > 0 {
			t.Errorf("%s asked for %s", text, w.asked())
		}
	}
}

func TestExecuteNeedsAnswers(t *testing.T) {
	tmpl, err := template.Parse(`{{secret "a"}}`, template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = newWorld().rendering(tmpl).Execute(t.Context())
	if e, ok := errors.AsType[*template.Error](err); !ok || !errors.Is(err, template.ErrNotFetched) || e.Query.Ref.Name != "a" {
		t.Errorf("got %v, want ErrNotFetched for a", err)
	}
}

func TestAsked(t *testing.T) {
	w := newWorld()
	x, _, err := w.render(t, `{{secretOr "d" "nope"}}{{secret (secret "env" | printf "db.%s")}}{{env "HOME"}}{{if false}}{{secret "x"}}{{end}}`, template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range x.Asked() {
		got = append(got, fmt.Sprint(q.Key(), q.Optional, q.Derived))
	}
	want := []string{"secret nope true false", "secret env false false", "secret db.e1 false true", "env HOME false false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A pass works on its own copy of the variables, and a template is not changed
// by being executed.
func TestVarsAreCopied(t *testing.T) {
	o := template.Options{Vars: map[string]any{"m": map[string]any{"n": 1}, "l": []any{map[string]any{"x": 1}}}}
	w := newWorld()
	x, _, err := w.render(t, `{{$_ := set .Vars.m "n" (add1 .Vars.m.n)}}{{$_ := set (index .Vars.l 0) "x" 2}}{{.Vars.m.n}}{{(index .Vars.l 0).x}}`, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Vars["m"].(map[string]any)["n"] = 5
	for range 2 {
		out, err := x.Execute(t.Context())
		if err != nil || string(out.Bytes) != "22" {
			t.Errorf("got %q, %v, want 22", out.Bytes, err)
		}
	}
}

func TestExecuteInParallel(t *testing.T) {
	w := newWorld()
	x, want, err := w.render(t, `{{range $i := until 50}}{{index (secret (printf "s%d" $i) | fromJson) "pw"}}{{end}}`, template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			out, err := x.Execute(t.Context())
			if err != nil || string(out.Bytes) != string(want.Bytes) {
				t.Errorf("got %q, %v", out.Bytes, err)
			}
			x.Template().Refs()
			x.Queries(t.Context())
		})
	}
}

func TestBinaryValues(t *testing.T) {
	w := newWorld()
	for text, want := range map[string]string{
		`{{secret "bin"}}`:                   "\xff\x00\x01",
		`{{$x := secret "bin"}}{{$x}}`:       "\xff\x00\x01",
		"{{secret \"bin\" -}}\n":             "\xff\x00\x01",
		`x={{secret "bin" | b64enc}}`:        "x=/wAB",
		"caf\xe9 {{secret \"a\"}}":           "caf\xe9 A", // the template's own bytes are its own
		`{{if secret "bin"}}some{{end}}ok`:   "someok",
		`{{secret "bin" | len}}{{"\u00e9"}}`: "3é",
	} {
		_, out, err := w.render(t, text, template.Options{})
		if err != nil || string(out.Bytes) != want {
			t.Errorf("%q: got %q, %v, want %q", text, out.Bytes, err, want)
		}
	}
	for _, text := range []string{`x={{secret "bin"}}`, "{{secret \"bin\"}}\n", `{{secret "bin"}}{{secret "bin"}}`} {
		_, _, err := w.render(t, text, template.Options{})
		if err == nil || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("%q: got %v, want a refusal", text, err)
		}
		if strings.Contains(text, "secret") && !strings.Contains(err.Error(), "secret bin") {
			t.Errorf("%q: %v does not name the secret", text, err)
		}
	}
}

// Whatever a template does, it ends, and says where.
func TestRunaways(t *testing.T) {
	for name, text := range map[string]string{
		"recursion":          `{{define "r"}}{{template "r"}}{{end}}{{template "r"}}`,
		"recursion in range": `{{define "r"}}{{range list 1}}{{template "r"}}{{end}}{{end}}{{template "r"}}`,
		"until":              `{{until 2000000000}}`,
		"untilStep":          `{{untilStep 0 2000000000 1}}`,
		"until far below":    `{{until -9223372036854775808}}`,
		"seq":                `{{seq 0 1 2000000000}}`,
		"repeat":             `{{repeat 2000000000 "x"}}`,
		"indent":             `{{indent 2000000000 "x"}}`,
		"randAlpha":          `{{randAlpha 2000000000}}`,
		"replace":            `{{replace "" (repeat 100000 "x") (repeat 100000 "x")}}`,
		"regexReplaceAll":    `{{regexReplaceAll "" (repeat 100000 "x") (repeat 100000 "x")}}`,
		"join":               `{{join (repeat 100000 "x") (until 100000)}}`,
		"wrapWith":           `{{wrapWith 1 (repeat 100000 "x") (repeat 100000 "x ")}}`,
		"doubled text":       `{{$s := "xx"}}{{range until 60}}{{$s = print $s $s}}{{end}}`,
		"doubled map":        `{{$d := dict}}{{range until 60}}{{$d = dict "a" $d "b" $d}}{{end}}{{toJson $d}}`,
		"map in itself":      `{{$d := dict}}{{$_ := set $d "x" (list $d)}}{{toJson $d}}`,
		"merged into itself": `{{$d := dict "a" (dict)}}{{$_ := merge $d (dict "x" $d)}}{{toJson $d}}`,
		"much output":        `{{$s := repeat 1000000 "x"}}{{range until 1000}}{{$s}}{{end}}`,
	} {
		_, _, err := newWorld().render(t, text, template.Options{Name: "n"})
		if _, ok := errors.AsType[*template.Error](err); !ok {
			t.Errorf("%s: got %v, want an *Error", name, err)
		}
	}
}

// Loops that call nothing and print nothing end too, in every kind of pass.
func TestEndlessLoops(t *testing.T) {
	for _, text := range []string{`{{range 2000000000}}{{end}}`, `{{range until 100000}}{{range until 100000}}{{end}}{{end}}`,
		`{{range 2000000000}}{{if false}}{{end}}{{end}}`} {
		tmpl := parse(t, text, template.Options{})
		tmpl.SetMaxSteps(10_000)
		newWorld().rendering(tmpl).Queries(t.Context())
		_, err := newWorld().rendering(tmpl).Execute(t.Context())
		if err == nil || !strings.Contains(err.Error(), "the template executes more than 10000 actions") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestCancel(t *testing.T) {
	for _, text := range []string{`{{range 2000000000}}{{end}}`, `{{range 2000000000}}x{{end}}`, `{{secret "a"}}`, `text`} {
		tmpl, err := template.Parse(text, template.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := newWorld().rendering(tmpl).Execute(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want Canceled", text, err)
		}
		if _, err := newWorld().rendering(tmpl).Mask(ctx, template.Output{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Mask: got %v, want Canceled", text, err)
		}
		newWorld().rendering(tmpl).Queries(ctx)
	}
}

func TestNothingIsLogged(t *testing.T) {
	out := template.Output{Bytes: []byte(canaryNew)}
	answer := template.Answer{Result: source.Result{Secret: source.NewSecret([]byte(canaryNew))}, Values: map[string]source.Result{"x": {Secret: source.NewSecret([]byte(canaryNew))}}}
	failed := template.Answer{Result: source.Result{Err: source.ErrDenied}}
	var log strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "out", out, "answer", answer, "failed", failed)
	}
	shown := log.String() + fmt.Sprintf("%v %+v %#v %s %q %x", out, out, out, out, out, out) + fmt.Sprintf("%v %+v %#v %v", answer, answer, answer, failed)
	if strings.Contains(shown, canaryNew) || strings.Contains(shown, fmt.Sprintf("%x", canaryNew)) {
		t.Errorf("the value shows: %s", shown)
	}
}

func TestNoVars(t *testing.T) {
	tmpl, err := template.Parse(`{{ .Vars | toJson }} {{ toYaml .Vars }}`, template.Options{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := template.Render(t.Context(), tmpl, template.Resolver{})
	if err != nil || string(out.Bytes) != "{} {}" {
		t.Errorf("got %q, %v", out.Bytes, err)
	}
}
