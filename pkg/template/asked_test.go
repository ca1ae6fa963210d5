package template_test

import (
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

type batchCase struct{ name, text, asked, want string }

// run renders, and compares what each batch asks for: names with spaces
// between, batches with |.
func (c batchCase) run(t *testing.T) {
	w := newWorld()
	_, out, err := w.render(t, c.text, template.Options{Vars: vars()})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.asked(); got != c.asked {
		t.Errorf("asked for %q, want %q", got, c.asked)
	}
	if got := string(out.Bytes); c.want != "" && got != c.want {
		t.Errorf("rendered %q, want %q", got, c.want)
	}
}

// TestBatches counts the fetches that a template needs.
func TestBatches(t *testing.T) {
	for _, c := range []batchCase{
		{"constants", `{{secret "a"}}{{secret "env"}}`, "a env", "Ae1"},
		{"constant twice", `{{secret "a"}}{{secret "a"}}`, "a", "AA"},
		{"fifty constants", fifty(`{{secret "s%d" | len}},`), names(50), ""},
		{"fifty computed", `{{range $i := until 50}}{{secret (printf "s%d" $i)}}{{end}}`, names(50), ""},
		{"fifty taken apart", `{{range $i := until 50}}{{index (secret (printf "s%d" $i) | fromJson) "pw"}}{{end}}`, names(50), ""},
		{"fifty checked", `{{range $i := until 50}}{{$x := secret (printf "s%d" $i)}}{{if not $x}}{{fail "empty"}}{{end}}` +
			`{{(fromJson $x).pw | trimPrefix "v" | atoi | add 1}},{{end}}`, names(50), ""},
		{"through a pipe", `{{"a" | secret}} {{"a" | secret | upper | b64enc}}`, "a", "A QQ=="},
		{"through a variable", `{{$n := "a"}}{{secret $n}}`, "a", "A"},
		{"branch not taken", `{{if .Vars.tls}}{{secret "denied"}}{{end}}{{secret "a"}}`, "a", "A"},
		{"else not taken", `{{if not .Vars.tls}}{{secret "a"}}{{else}}{{secret "denied"}}{{end}}`, "a", "A"},
		{"branch on a secret", `{{if eq (secret "mode") "prod"}}{{secret "prod.key"}}{{else}}{{secret "denied"}}{{end}}`, "mode | prod.key", "PK"},
		{"else on a secret", `{{if ne (secret "mode") "prod"}}{{secret "denied"}}{{else if secret "a"}}{{secret "prod.key"}}{{end}}`, "mode | a | prod.key", "PK"},
		{"else that fails", `{{if secret "mode"}}ok{{else}}{{secret "denied"}}{{fail "no mode"}}{{end}}{{secret "a"}}`, "mode a", "okA"},
		{"with else on a secret", `{{with secret "a"}}{{.}}{{else}}{{secret "denied"}}{{end}}`, "a", "A"},
		{"range else on a secret", `{{range splitList "," (secret "csv")}}{{secret .}}{{else}}{{secret "denied"}}{{end}}`, "csv | a env", "Ae1"},
		{"name in a secret", `{{secret (printf "db.%s" (secret "env"))}}{{secret "a"}}`, "env a | db.e1", "DA"},
		{"name in a field", `{{$j := secret "json" | fromJson}}{{secret $j.n.k}}{{secret "a"}}`, "json a | next", "NXA"},
		{"count in a secret", `{{range $i := until (secret "n" | atoi)}}{{(secret (printf "s%d" $i) | fromJson).pw}}{{end}}`, "n | s0 s1 s2", "v0v1v2"},
		{"definition", `{{define "x"}}{{secret .name}}{{.other}}{{end}}{{template "x" dict "name" "a" "other" (secret "env")}}`, "env a", "Ae1"},
		{"fail on empty", `{{if eq (secret "a") ""}}{{fail "x"}}{{end}}{{secret "env"}}`, "a env", "e1"},
		{"htpasswd", `{{htpasswd "u" (secret "htp") | len | eq 108}}{{secret "a"}}`, "htp a", "trueA"},
		{"htpasswd of a constant", `{{htpasswd "u" "p" | len}}`, "", "108"},
		{"len, slice, compare", `{{if gt (len (secret "a")) 100}}{{fail "long"}}{{end}}{{slice (secret "a") 0 1}}{{secret "env"}}`, "a env", "Ae1"},
		{"must", `{{mustFromJson (secret "json") | mustToPrettyJson | len}}{{secret "a"}}`, "json a", "45A"},
		{"ternary", `{{ternary (secret "a") (secret "env") true}}`, "a env", "A"},
	} {
		t.Run(c.name, c.run)
	}
}

// A function that holds a secret is looked through.
func TestBatchesThroughFunctions(t *testing.T) {
	for _, c := range []batchCase{
		{"and", `{{and (secret "a") (secret "env")}}`, "a | env", "e1"},
		{"or stops", `{{or (secret "a") (secret "denied")}}`, "a", "A"},
		{"or goes on", `{{or (secret "empty") (secret "a")}}{{secret "n"}}`, "empty n | a", "A3"},
		{"or in and", `{{and (or (secret "a") .Vars.tls) (secret "env")}}`, "a | env", "e1"},
		{"or of what is known", `{{or .Vars.tls "x"}}{{or .Vars.h (secret "denied")}}`, "", "xexample.org"},
		{"set", `{{$_ := set .Vars "n" (add1 .Vars.n)}}{{.Vars.n}}{{secret "a"}}{{secret (secret "csv" | splitList "," | last)}}`, "a csv | env", "2Ae1"},
		{"with", `{{with secret "json" | fromJson}}{{.pw}}{{end}}{{with $x := secret "a"}}{{$x}}{{end}}`, "json a", "xA"},
		{"dict holds", `{{range $k, $v := dict "x" (secret "a") "y" (secret "env")}}{{$k}}={{$v}}{{secret (printf "s%d" (len $k)) | len}};{{end}}`, "a env s1", "x=A11;y=e111;"},
		{"get from what holds", `{{$d := dict "p" (secret "a") "name" "env"}}{{secret (get $d "name")}}{{secret (index $d "name")}}{{secret $d.name}}`, "a env", "e1e1e1"},
		{"list holds", `{{$l := list (secret "a") "env"}}{{secret (last $l)}}{{secret (index $l 1)}}{{len $l}}`, "a env", "e1e12"},
		{"dig", `{{$d := dict "x" (dict "p" (secret "a") "name" "env")}}{{secret (dig "x" "name" "none" $d)}}`, "a env", "e1"},
		{"default", `{{secret (default (secret "a") "env")}}`, "a env", "e1"},
		{"default for a secret", `{{secret (default "denied" (secret "env" | printf "db.%s"))}}{{secret "a"}}`, "env a | db.e1", "DA"},
		{"index by a secret", `{{index (dict "e1" "a") (secret "env") | secret}}{{secret "n"}}`, "env n | a", "A3"},
		{"range over a secret map", `{{range $k, $v := secret "json" | fromJson}}{{$k}}{{end}}{{secret "a"}}`, "json a", "npwA"},
		{"secretOr there", `{{secretOr "d" "a"}}`, "a", "A"},
		{"secretOr not there", `{{secretOr "d" "nope"}}`, "nope", "d"},
		{"secretOr of a secret", `{{secretOr (secret "a") "nope"}}{{if eq (secretOr "x" "nope") "x"}}{{secret "env"}}{{end}}`, "a nope | env", "Ae1"},
		{"secret and secretOr", `{{secret "a"}}{{secretOr "d" "a"}}`, "a", "AA"},
		{"pattern", `{{range $k, $v := secrets "db.*"}}{{$k}}={{$v}}{{end}}`, "secrets db.*", "db.e1=D"},
		{"version", `{{secretVersion "a" 7}}{{secretVersion "a" "7"}}`, "a version 7", "AA"},
		{"env and file", `{{env "HOME"}}{{expandenv "$HOME/${USER}"}}{{file "/etc/motd"}}{{hostname}}`,
			"", "/home/op/home/op/opwelcomeweb-1"},
		{"dates", `{{now | date "15:04 MST"}} {{dateInZone "15:04" now "UTC"}} {{htmlDate 0}} {{(toDate "2006" "1999").Year}}`,
			"", "06:06 CET 05:06 1970-01-01 1999"},
		{"branch on something random", `{{with genPrivateKey "ecdsa"}}{{secret "a"}}{{end}}{{secret (secret "env" | printf "db.%s")}}`, "env | db.e1 | a", "AD"},
		{"branch on a slow result", `{{with htpasswd "u" (secret "htp")}}{{secret "a"}}{{end}}`, "htp | a", "A"},
		{"nothing", "plain", "", "plain"},
		{"empty", "", "", ""},
	} {
		t.Run(c.name, c.run)
	}
}

// What a branch that is not entered could have changed is not relied on.
func TestBatchesAfterUncertainBranches(t *testing.T) {
	for _, c := range []batchCase{
		{"assignment", `{{$n := "denied"}}{{if secret "mode"}}{{$n = "a"}}{{end}}{{secret $n}}`, "mode | a", "A"},
		{"assignment in else", `{{$n := "a"}}{{if secret "mode"}}{{else}}{{$n = "denied"}}{{end}}{{secret $n}}`, "mode | a", "A"},
		{"assignment in a loop", `{{$n := "denied"}}{{range splitList "," (secret "csv")}}{{$n = .}}{{end}}{{secret $n}}`, "csv | env", "e1"},
		{"assignment by the loop itself", `{{$n := "denied"}}{{range $n = splitList "," (secret "csv")}}{{end}}{{secret $n}}`, "csv | env", "e1"},
		{"assignment to an inner variable", `{{if secret "mode"}}{{$x := 1}}{{$x = 2}}{{end}}{{secret "a"}}`, "mode a", "A"},
		{"shadowed", `{{$x := "a"}}{{with secret "mode"}}{{$x := "y"}}{{$x = "z"}}{{end}}{{secret $x}}`, "mode | a", "A"},
		{"set", `{{$d := dict "n" "denied"}}{{if secret "mode"}}{{$_ := set $d "n" "a"}}{{end}}{{secret $d.n}}`, "mode | a", "A"},
		{"set in a definition", `{{define "s"}}{{$_ := set . "n" "a"}}{{end}}{{$d := dict "n" "denied"}}{{if secret "mode"}}{{template "s" $d}}{{end}}{{secret $d.n}}`, "mode | a", "A"},
		{"set under a secret's name", `{{$d := dict "a" "denied"}}{{$_ := set $d (secret "a" | lower) "env"}}{{secret $d.a}}`, "a | env", "e1"},
		{"merge of a secret", `{{$d := dict "n" "env"}}{{$_ := mergeOverwrite $d (secret "json" | fromJson)}}{{secret $d.n.k}}`, "json | next", "NX"},
		{"set through a secret", `{{$d := dict "n" "denied"}}{{$x := ternary $d (dict) (eq (secret "a") "A")}}` +
			`{{$_ := set $x "n" "env"}}{{secret $d.n}}`, "a | env", "e1"},
		{"set of a secret map", `{{$j := secret "json" | fromJson}}{{$_ := set $j "x" "y"}}{{$j.x}}{{secret "a"}}`, "json a", "yA"},
		{"break", `{{range list "a" "denied"}}{{secret .}}{{if secret "mode"}}{{break}}{{end}}{{end}}{{secret "env"}}`, "a mode env", "Ae1"},
		{"break before", `{{range list "a" "denied"}}{{if eq (secret "mode") "prod"}}{{break}}{{end}}{{secret .}}{{end}}x`, "mode", "x"},
		{"continue", `{{range list "s1" "s2" "s3"}}{{if eq (secret .) ""}}{{continue}}{{end}}{{secret "a"}}{{end}}`, "s1 s2 s3 | a", "AAA"},
		{"continue and assign", `{{$n := "a"}}{{range list 1 2}}{{if eq . 2}}{{if secret "mode"}}{{continue}}{{end}}{{end}}{{$n = "env"}}{{end}}{{secret $n}}`, "mode | env", "e1"},
		{"continue in the else of a loop", `{{range list 1 2}}{{range splitList "," (secret "csv")}}{{else}}{{continue}}{{end}}{{secret "a"}}{{end}}`, "csv | a", "AA"},
		{"continue in the else of a loop in a branch", `{{range list 1 2}}{{if .}}{{range splitList "," (secret "csv")}}{{else}}{{continue}}{{end}}{{secret "a"}}{{end}}{{end}}`, "csv | a", "AA"},
		{"continue under an unknown branch, in a loop's else", `{{range list 1 2}}{{if secret "mode"}}{{range list}}{{else}}{{continue}}{{end}}{{end}}{{secret "denied"}}{{end}}x`, "mode", "x"},
		{"continue and set", `{{$d := dict "n" "denied"}}{{range list 1 2}}{{if secret "mode"}}{{if eq . 1}}{{continue}}{{end}}{{end}}{{$_ := set $d "n" "a"}}{{end}}{{secret $d.n}}`, "mode | a", "A"},
		{"break and set", `{{$d := dict "n" "a"}}{{range list 1 2}}{{if secret "mode"}}{{break}}{{end}}{{$_ := set $d "n" "denied"}}{{end}}{{secret $d.n}}`, "mode | a", "A"},
		{"continue of the unknown loop itself", `{{range list 1 2}}{{range splitList "," (secret "csv")}}{{continue}}{{end}}{{secret "a"}}{{end}}`, "csv a", "AA"},
		{"known branch", `{{$n := "denied"}}{{if .Vars.h}}{{$n = "a"}}{{end}}{{secret $n}}`, "a", "A"},
	} {
		t.Run(c.name, c.run)
	}
}

// All that is missing is asked for, whatever is done with it.
func TestBatchesWithMissingSecrets(t *testing.T) {
	w := newWorld()
	_, _, err := w.render(t, `{{secret "zz1"}}{{secret "zz2"}}{{index (fromJson (secret "zz3")) "x"}}{{secret "a"}}`, template.Options{})
	if err == nil {
		t.Fatal("no error")
	}
	if got, want := w.asked(), "zz1 zz2 zz3 a"; got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

// A template that is certain to fail costs no request.
func TestBatchesOfCertainFailure(t *testing.T) {
	for _, text := range []string{
		`{{fail "no"}}{{secret "a"}}`,
		`{{if .Vars.h}}{{mustFromJson "x"}}{{end}}{{secret "a"}}`,
		`{{range .Vars.h}}{{end}}{{secret "a"}}`,
		`{{secret "a" "nocontext"}}{{secret "a"}}`,
	} {
		w := newWorld()
		if _, _, err := w.render(t, text, template.Options{Vars: vars()}); err == nil {
			t.Errorf("%s: no error", text)
		}
		if len(w.batches) > 0 {
			t.Errorf("%s: asked for %s", text, w.asked())
		}
	}
}

// A template need not be looked at again where all that it can ask for has been
// asked at once.
func TestSettled(t *testing.T) {
	for text, want := range map[string]bool{
		`plain`:                          true,
		`{{secret "a"}}{{secret "env"}}`: true,
		`{{if .Vars.h}}{{secret "a"}}{{end}}{{env "HOME"}}{{hostname}}`: true,
		`{{if secret "mode"}}{{secret "a"}}{{end}}`:                     false, // not entered
		`{{if secret "a"}}{{secret "a"}}{{end}}`:                        true,
		`{{secret (printf "%s" "a")}}`:                                  true,
		`{{secret (env "NAME")}}`:                                       false,
		`{{range until 2}}{{secret (printf "s%d" .)}}{{end}}`:           false,
		`{{htpasswd "u" (secret "a")}}`:                                 false, // asks for a salt then
		`{{secret "a" | htpasswd "u"}}{{secret "mode"}}`:                false,
		`{{secret "a" "nocontext"}}`:                                    false,
	} {
		tmpl := parse(t, text, template.Options{Vars: vars()})
		w := newWorld()
		if got := w.rendering(tmpl).Settled(t.Context()); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

func TestDerivedNames(t *testing.T) {
	w := newWorld()
	if _, _, err := w.render(t, `{{secret (secret "json" | fromJson).n.k}}{{secret "a"}}`, template.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, batch := range w.batches {
		for _, q := range batch {
			if want := q.Ref.Name == "next"; q.Derived != want || strings.Contains(q.String(), "next") {
				t.Errorf("%+v: Derived is %v, shown as %q", q.Ref, q.Derived, q)
			}
		}
	}
}
