package template_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

func TestPartsOfValues(t *testing.T) {
	for _, c := range []struct{ text, want, masked, asked string }{
		{`{{secret "doc#/db/pw"}}`, "P", "(secret doc, doc#/db/pw)", "doc#/db/pw | doc"},
		{`{{secret "doc#/db/n"}} {{secret "doc#/list/1/k"}} {{secret "doc#/a~1b"}}`, "12345678901234567890 V S",
			"(secret doc, doc#/db/n) (secret doc, doc#/list/1/k) (secret doc, doc#/a~1b)", "doc#/db/n doc#/list/1/k doc#/a~1b | doc"},
		{`{{secret "doc#/list" | fromJson | len}}`, "2", "(secret doc, doc#/list)", "doc#/list | doc"},
		{`{{secret "yaml#/db/pw"}}`, "Y", "(secret yaml, yaml#/db/pw)", "yaml#/db/pw | yaml"},
		{`{{secret "odd#/name"}}`, "exact", "(secret odd#/name)", "odd#/name"},
		{`{{secret "a#b"}}`, "hash", "(secret a#b)", "a#b"},
		{`{{secret "sm:doc#/db/pw"}}{{secretsManager "doc" "/db/pw"}}{{ssm "doc#/db/pw"}}`, "PPP", "(secret sm:doc)(secret sm:doc)(secret ssm:doc)", "sm:doc ssm:doc"},
		{`{{secret (printf "%s#/db/pw" .Vars.doc)}}`, "P", "(secret doc, doc#/db/pw)", "doc#/db/pw | doc"},
		{`{{secretOr "d" "none#/db/pw"}}`, "d", "(secret none, none#/db/pw)", "none#/db/pw | none"},
	} {
		w := newWorld()
		w.secrets["doc"] = `{"db":{"pw":"P","n":12345678901234567890,"null":null},"list":[1,{"k":"V"}],"a/b":"S"}`
		w.secrets["yaml"], w.secrets["odd#/name"], w.secrets["odd"], w.secrets["a#b"] = "db:\n  pw: Y\n", "exact", `{"name":"part"}`, "hash"
		x, out, err := w.render(t, c.text, template.Options{Name: "n", Vars: map[string]any{"doc": "doc"}})
		if err != nil || string(out.Bytes) != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.text, out.Bytes, err, c.want)
			continue
		}
		if masked, err := x.Mask(t.Context(), out); err != nil || masked.String() != c.masked || w.asked() != c.asked {
			t.Errorf("%s: masked %q, asked %q, %v, want %q and %q", c.text, masked, w.asked(), err, c.masked, c.asked)
		}
	}
}

func TestErrorsOfParts(t *testing.T) {
	for text, want := range map[string]string{
		`{{secret "json#/zz"}}`:                          "its value has nothing at",
		`{{secret "json#/pw/deeper"}}`:                   "its value has nothing at",
		`{{secret "csv#/x"}}`:                            "its value has nothing at",
		`{{secret "bin#/x"}}`:                            "neither JSON nor YAML",
		`{{secret "null#/x"}}`:                           "is null",
		`{{secret "zz#/x"}}`:                             "secret zz: not found",
		`{{secret (printf "json#/%s" (secret "next"))}}`: "(its value|nothing)",
	} {
		w := newWorld()
		w.secrets["null"] = `{"x":null}`
		_, _, err := w.render(t, text, template.Options{Name: "n"})
		e, ok := errors.AsType[*template.Error](err)
		if !ok || !strings.Contains(err.Error(), strings.Trim(strings.Split(want, "|")[0], "(")) || !e.OfValue && !errors.Is(err, source.ErrNotFound) || strings.Contains(err.Error(), "NX") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	// Only what holds the part has to be allowed, and lint and policy see that.
	tmpl := parse(t, `{{secret "doc#/a"}}`, template.Options{Allow: []string{"doc"}})
	if refs := tmpl.Refs(); len(refs) != 1 || refs[0].Query.Ref.Name != "doc" || refs[0].Err != nil {
		t.Errorf("got %+v", refs)
	}
	w := newWorld()
	w.secrets["doc"] = `{"a":"A"}`
	if _, out, err := w.render(t, `{{secret "doc#/a"}}`, template.Options{Name: "n", Allow: []string{"doc"}}); err != nil || string(out.Bytes) != "A" || w.asked() != "doc" {
		t.Errorf("got %q, %v, asked %s", out.Bytes, err, w.asked())
	}
}
