package template_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// canary is in no template, and neither are parts of it.
const canary = "Zq7xWv9kJ5"

// leaks returns the form of the canary that s holds, if any.
func leaks(s string) string {
	for _, form := range []string{canary, canary[:6], canary[4:], strings.ToUpper(canary), strings.ToLower(canary),
		fmt.Sprintf("%x", canary)[:12], base64.StdEncoding.EncodeToString([]byte(canary))[:8]} {
		if strings.Contains(s, form) {
			return form
		}
	}
	return ""
}

// generator writes random templates over secrets that hold the canary: most
// fail somewhere, and that is what is looked at.
type generator struct {
	*rand.Rand
	names []string
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	slow := []string{"gen", "derivePassword", "bcrypt", "encryptAES", "htpasswd"}
	for _, name := range template.FunctionNames() {
		usable := true
		for _, s := range slow {
			usable = usable && !strings.HasPrefix(name, s)
		}
		if usable {
			g.names = append(g.names, name)
		}
	}
	return g
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g *generator) expr(depth int) string {
	leaf := []string{`(secret "pw")`, `(secret "pw")`, `(secretOr "d" "none")`, `(secretOr "" (secret "name"))`, `(secret "doc" | fromJson)`, `(secret "doc" | fromJson).pw`, `(secrets "p*")`,
		`"x"`, `""`, `3`, `0`, `-1`, `1.5`, `true`, `nil`, `.Vars.h`, `.Vars.users`, `.Vars`, `$`, `.`, `$v`, `(list 1 (secret "pw"))`,
		`(dict "k" (secret "pw"))`, `(splitList "x" (secret "pw"))`, `(env "PW")`, `(secret "pw" | atoi)`}
	if depth == 0 || g.IntN(4) == 0 {
		return g.pick(leaf...)
	}
	var b strings.Builder
	b.WriteString("(" + g.pick(g.names...))
	for range g.IntN(4) {
		b.WriteString(" " + g.expr(depth-1))
	}
	if g.IntN(3) == 0 {
		return b.String() + " | " + g.pick(g.names...) + ")"
	}
	return b.String() + ")"
}

func (g *generator) node(depth int) string {
	e := g.expr(2)
	if depth == 0 {
		return "{{" + e + "}}\n"
	}
	switch g.IntN(10) {
	case 0:
		return "{{if " + e + "}}" + g.node(depth-1) + "{{else}}" + g.node(depth-1) + "{{end}}"
	case 1:
		return "{{range " + e + "}}" + g.node(depth-1) + g.pick("", "{{break}}", "{{continue}}") + "{{else}}" + g.node(depth-1) + "{{end}}"
	case 2:
		return "{{with " + e + "}}" + g.node(depth-1) + "{{end}}"
	case 3:
		return "{{$v = " + e + "}}"
	case 4:
		return `{{template "d" ` + e + "}}"
	case 6:
		return "{{include " + g.pick(`"d" `, `"part" `) + e + g.pick("", " | upper", " | indent 2") + "}}"
	case 5:
		return "{{" + e + g.pick(".x", ".pw", ".k.z") + "}}\n"
	}
	return "line {{" + e + "}}\n"
}

func (g *generator) template() string {
	var b strings.Builder
	b.WriteString(`{{$v := .Vars.h}}{{define "d"}}{{$v := .}}` + g.node(0) + `{{end}}`)
	for range 1 + g.IntN(3) {
		b.WriteString(g.node(2))
	}
	return b.String()
}

func canaryWorld() *world {
	w := newWorld()
	w.secrets = map[string]string{"pw": canary, "doc": `{"pw":"` + canary + `","n":7}`, "name": "none2"}
	w.env["PW"] = canary
	w.files[canary] = canary
	return w
}

// checkSilence renders and masks a template; neither errors nor what is shown
// may hold the canary, whatever the template does.
func checkSilence(t *testing.T, text string) (ok bool) {
	t.Helper()
	w := canaryWorld()
	x, out, err := w.render(t, text, template.Options{Name: "n", Vars: vars(), Partials: []template.Partial{{Name: "p", Text: "{{define \"part\"}}part {{.}}{{if .}}{{template \"d\" .}}{{end}}{{end}}"}}, Contexts: map[string]map[string]string{"web": {"a": "b"}}})
	if errors.Is(err, template.ErrNotFetched) {
		t.Errorf("Gather missed something: %v\nof %s", err, text)
	}
	if err != nil {
		for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if form := leaks(shown); form != "" {
				t.Errorf("%q in error %s\nof %s", form, shown, text)
			}
		}
		return false
	}
	checkAsked(t, w, x, text)
	checkSettled(t, w, x, text)
	masked, err := x.Mask(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{masked.String(), mask.Diff("f", nil, masked), mask.Diff("f", out.Bytes[:len(out.Bytes)/2], masked)} {
		if form := leaks(shown); form != "" {
			t.Errorf("%q in %s\nof %s", form, shown, text)
		}
	}
	return true
}

// checkAsked shows that what was fetched is what a successful execution uses.
func checkAsked(t *testing.T, w *world, x *template.Rendering, text string) {
	t.Helper()
	used, ok := x.Used(t.Context())
	if !ok { // of a function that is random
		return
	}
	for _, batch := range w.batches {
		for _, q := range batch {
			if !used[q.Key()] {
				t.Errorf("%v was fetched for nothing\nof %s", q, text)
			}
		}
	}
}

// checkSettled shows that a template that says it asks for nothing more does not.
func checkSettled(t *testing.T, w *world, x *template.Rendering, text string) {
	t.Helper()
	fresh := w.rendering(x.Template())
	if !fresh.Settled(t.Context()) {
		return
	}
	first := fresh.Queries(t.Context())
	if then := x.Queries(t.Context()); !slices.Equal(first, then) {
		t.Errorf("settled with %v, and yet %v\nof %s", first, then, text)
	}
}

func TestNoCanaryAnywhere(t *testing.T) {
	g := newGenerator(7)
	rendered := 0
	const runs = 800
	for range runs {
		if checkSilence(t, g.template()) {
			rendered++
		}
	}
	if rendered < runs/50 {
		t.Errorf("%d of %d templates were rendered: too few to mean something", rendered, runs)
	}
}

// Every function once for each argument that could be a secret, so that none
// is left to chance.
func TestNoCanaryInAnyFunction(t *testing.T) {
	for _, name := range template.FunctionNames() {
		if strings.HasPrefix(name, "gen") {
			continue // keys of 4096 bits take seconds
		}
		for _, args := range []string{`$s`, `$s $s`, `$s $s $s`, `1 $s`, `$s $l`, `$d $s`, `$l`} {
			checkSilence(t, fmt.Sprintf(`{{$s := secret "pw"}}{{$l := list $s}}{{$d := dict "k" $s $s 1}}x {{%s %s}}`, name, args))
		}
	}
}

func FuzzTemplate(f *testing.F) {
	g := newGenerator(1)
	for range 20 {
		f.Add(g.template())
	}
	for _, text := range []string{"{{", "{{if}}", `{{secret "pw"}}`, "{{range 3}}{{break}}{{end}}", `{{define "x"}}{{template "x"}}{{end}}`, "\x00", "{{/*"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 || strings.Contains(text, "gen") || leaks(text) != "" {
			t.Skip("slow, or holds the canary itself")
		}
		checkSilence(t, text)
	})
}
