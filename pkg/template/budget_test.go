package template_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/template"
)

// What makes keys and hashes passwords counts as thousands of actions: a few calls pass,
// a loop does not.
func TestCostsOfFunctions(t *testing.T) {
	for name, call := range map[string]string{
		"bcrypt":         `bcrypt "x"`,
		"derivePassword": `derivePassword 1 "long" "p" "u" "s"`,
		"htpasswd":       `htpasswd "u" "p"`,
		"ed25519 key":    `genPrivateKey "ed25519"`,
		"certificate":    `get (dict "c" (genCAWithKey "x" 1 (genPrivateKey "ed25519"))) "c" | toJson`,
	} {
		once := parse(t, `{{`+call+` | len}}`, template.Options{})
		once.SetMaxSteps(11_000)
		if _, err := newWorld().rendering(once).Execute(t.Context()); err != nil {
			t.Errorf("%s once: %v", name, err)
		}
		often := parse(t, `{{range until 200}}{{$_ := `+call+`}}{{end}}`, template.Options{})
		often.SetMaxSteps(11_000)
		_, err := newWorld().rendering(often).Execute(t.Context())
		if err == nil || !strings.Contains(err.Error(), "executes more than 11000 actions") {
			t.Errorf("%s 200 times: got %v", name, err)
		}
	}
}

// Values count in sum, however they are kept; one that is only passed on counts once.
func TestMemoryOfValues(t *testing.T) {
	for text, fails := range map[string]bool{
		`{{$x := list}}{{range until 100}}{{$x = append $x (repeat 100000 "x")}}{{end}}`:                true,
		`{{$x := dict}}{{range $i := until 100}}{{$_ := set $x (print $i) (repeat 100000 "x")}}{{end}}`: true,
		`{{define "t"}}{{repeat 100000 "x"}}{{end}}{{range until 100}}{{$_ := include "t" .}}{{end}}`:   true,
		`{{range until 100}}{{$_ := fromJson (printf "[%s 1]" (repeat 10000 "1,"))}}{{end}}`:            true,
		`{{$s := repeat 100000 "x"}}{{range until 1000}}{{$_ := default "" $s}}{{end}}`:                 false,
		`{{$l := until 10000}}{{range until 1000}}{{$_ := first (list $l)}}{{end}}`:                     false,
	} {
		tmpl := parse(t, text, template.Options{})
		tmpl.SetMaxMade(4 << 20)
		_, err := newWorld().rendering(tmpl).Execute(t.Context())
		if fails != (err != nil) || fails && !strings.Contains(err.Error(), "the values of the template are larger than 4 MiB together") {
			t.Errorf("%s: got %v, want an error: %v", text, err, fails)
		}
	}
}

// Templates that share a limit share its time, and the error names the first that ran out.
func TestTimeLimit(t *testing.T) {
	if template.NewTimeLimit(0) != nil {
		t.Error("0 is a limit")
	}
	limit := template.NewTimeLimit(time.Nanosecond)
	for _, text := range []string{"one {{print 1}}", "two"} {
		tmpl := parse(t, text, template.Options{Name: "first"})
		x := template.NewFetcher(nil).Template(tmpl, template.Resolver{Time: limit})
		template.Gather(t.Context(), x)
		_, err := x.Execute(t.Context())
		if !errors.Is(err, template.ErrTime) || !strings.Contains(err.Error(), "template first: it runs longer than 1ns") {
			t.Errorf("%s: got %v", text, err)
		}
	}
	tmpl := parse(t, "{{print 1}}", template.Options{})
	out, err := template.Render(t.Context(), tmpl, template.Resolver{Time: template.NewTimeLimit(time.Hour)})
	if err != nil || string(out.Bytes) != "1" {
		t.Errorf("with time: got %s, %v", out.Bytes, err)
	}
}

// A value that is nested deeper than any stack ends in an error.
func TestNestedValues(t *testing.T) {
	_, _, err := newWorld().render(t, `{{$x := list}}{{range until 5000}}{{$x = list $x}}{{end}}{{toJson $x}}`, template.Options{})
	if err == nil || !strings.Contains(err.Error(), "nested more than 2000 deep") {
		t.Errorf("got %v", err)
	}
}
