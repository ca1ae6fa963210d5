package template_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template"
)

// chooser writes random templates that branch on secrets. Each line of text is another.
type chooser struct {
	*rand.Rand
	line int
}

func (c *chooser) pick(from ...string) string { return from[c.IntN(len(from))] }

func (c *chooser) expr() string {
	return c.pick(`(eq (secret "pw") "one")`, `(secret "pw" | hasPrefix "o")`, `(ternary "x" "" (eq (secret "pw") "one"))`,
		`(secret "doc" | fromJson).on`, `(index $d "k")`, `(hasKey $d "k")`, `$v`, `(eq $v "x")`, `$.Vars.h`, `true`, `false`, `.`, `(secret "pw" | len | int | eq 3)`)
}

func (c *chooser) text() string {
	c.line++
	return fmt.Sprintf("L%d.%s", c.line, c.pick("\n", " ", "\n"))
}

func (c *chooser) nodes(depth int) string {
	var b strings.Builder
	for range 1 + c.IntN(3) {
		b.WriteString(c.node(depth))
	}
	return b.String()
}

func (c *chooser) node(depth int) string {
	if depth == 0 {
		return c.pick(c.text(), "{{$v = "+c.expr()+"}}", "{{$_ := set $d \"k\" "+c.expr()+"}}", `{{template "d" `+c.expr()+"}}", `{{include "d" `+c.expr()+"}}", "{{"+c.expr()+"}}")
	}
	switch c.IntN(7) {
	case 0, 1:
		return "{{if " + c.expr() + "}}" + c.nodes(depth-1) + c.pick("", "{{else}}"+c.nodes(depth-1)) + "{{end}}"
	case 2:
		return "{{with " + c.expr() + "}}" + c.nodes(depth-1) + c.pick("", "{{else}}"+c.nodes(depth-1)) + "{{end}}"
	case 3:
		leave := "{{if " + c.expr() + "}}" + c.pick(c.text(), "") + c.pick("{{break}}", "{{continue}}") + "{{end}}"
		return `{{range list "x" "" "one"}}` + c.nodes(depth-1) + leave + c.nodes(depth-1) + "{{end}}"
	case 4:
		return `{{with ` + c.pick(`secret "pw"`, `(secret "doc" | fromJson)`) + `}}` + c.nodes(depth-1) + "{{end}}"
	case 5:
		return `{{range $k, $x := secret "doc" | fromJson}}` + c.nodes(depth-1) + "{{end}}"
	}
	return c.text()
}

func (c *chooser) template() string {
	return `{{$v := "x"}}{{$d := dict}}{{define "d"}}` + c.text() + `{{if .}}` + c.text() + `{{else}}` + c.text() + "{{end}}{{end}}" + c.nodes(2) + c.text()
}

var hiddenRun = regexp.MustCompile(`(\((secret|generated)[^)\n]*\)\n?)+`)

// visible returns what a plan shows of a template, with runs of hidden parts as one: how
// many lines they have is not promised.
func visible(t *testing.T, text, pw string) (shown string, ok bool) {
	t.Helper()
	w := newWorld()
	w.secrets["pw"], w.secrets["doc"] = pw, fmt.Sprintf(`{"on":%v,"other":"%s"}`, pw == "one", pw)
	x, out, err := w.render(t, text, template.Options{Vars: vars()})
	if err != nil {
		return "", false
	}
	masked, err := x.Mask(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	return hiddenRun.ReplaceAllString(masked.String(), "(hidden)"), true
}

// What a plan shows is the same for each value of a secret, whatever branches on it.
func TestMaskedTextDoesNotDependOnValues(t *testing.T) {
	const runs = 1000
	rendered, chose := 0, 0
	for seed := range uint64(runs) {
		c := &chooser{Rand: rand.New(rand.NewPCG(seed, 2))}
		text := c.template()
		one, ok := visible(t, text, "one")
		two, alsoOK := visible(t, text, "second")
		if !ok || !alsoOK {
			continue
		}
		rendered++
		if strings.Contains(one, "(hidden)") {
			chose++
		}
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatalf("seed %d: what shows depends on the value of a secret:\n%s\nof %s", seed, diff, text)
		}
	}
	if chose < runs/10 {
		t.Errorf("%d of %d templates were rendered, %d with something hidden: too few to mean something", rendered, runs, chose)
	}
}
