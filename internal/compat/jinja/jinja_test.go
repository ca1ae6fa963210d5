package jinja_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/compat/jinja"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
)

// asking renders pass by pass, and returns the text and what each pass asked for.
func asking(t *testing.T, text string, held map[string]string) (string, [][]string, error) {
	t.Helper()
	tmpl, err := jinja.Parse("t.j2", text)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	var batches [][]string
	for {
		var batch []string
		out, err := tmpl.Render(jinja.Context{ObjName: "secrets", Lookup: func(key py.Value) ([]byte, bool, error) {
			name, _ := key.(string)
			if !known[name] {
				if !slices.Contains(batch, name) {
					batch = append(batch, name)
				}
				return nil, false, nil
			}
			if v, ok := held[name]; ok {
				return []byte(v), true, nil
			}
			return nil, true, source.ErrNotFound
		}})
		if !errors.Is(err, jinja.ErrPending) {
			return out, batches, err
		}
		for _, name := range batch {
			known[name] = true
		}
		batches = append(batches, batch)
	}
}

func TestLookupsGoOutInFewWaves(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		batches    string
	}{
		"constant": {"{{ secrets.a }}{{ secrets.b ~ secrets['c'] }}{% for x in secrets.d.split(',') %}{{ x }}{% endfor %}{% set z = secrets.e %}",
			"123p", "a b c d e"},
		"branch not taken":       {"{% if false %}{{ secrets.a }}{% else %}{{ secrets.b }}{% endif %}", "2", "b"},
		"branch on a secret":     {"{% if secrets.a == '1' %}{{ secrets.b }}{% else %}{{ secrets.c }}{% endif %}{{ secrets.e }}", "25", "a e|b"},
		"name out of a secret":   {"{{ secrets[secrets.n] }}{{ secrets.a }}", "11", "n a|"},
		"computed":               {"{% for n in ['a', 'b'] %}{{ secrets[n] }}{% endfor %}", "12", "a b"},
		"in, and or":             {"{{ 'a' in secrets }}{{ secrets.none or secrets.b }}", "True2", "a none|b"},
		"macro":                  {"{% macro m(n) %}{{ secrets[n] }}{% endmacro %}{{ m('a') }}{{ m('b') }}", "12", "a b"},
		"filters and arithmetic": {"{{ secrets.a|int + secrets.b|int }}{{ secrets.c|default('x') }}", "33", "a b c"},
	} {
		t.Run(name, func(t *testing.T) {
			held := map[string]string{"a": "1", "b": "2", "c": "3", "d": "p", "e": "5", "n": "a"}
			got, batches, err := asking(t, c.text, held)
			if err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
			var lines []string
			for _, w := range batches {
				lines = append(lines, strings.Join(w, " "))
			}
			if got := strings.Join(lines, "|"); got != strings.TrimSuffix(c.batches, "|") {
				t.Errorf("asked %q, want %q", got, c.batches)
			}
		})
	}
}

func TestEveryMissingSecretIsNamed(t *testing.T) {
	_, _, err := asking(t, "{{ secrets.m1 }}\n{{ secrets.a|upper ~ secrets.m2 }}\n{% for x in secrets.m3 %}{% endfor %}\n"+
		"{% if secrets.m4 == 'x' %}{% endif %}\n{% if secrets.optional %}{% endif %}{{ secrets.optional|default('') }}{{ secrets.m5|sh }}",
		map[string]string{"a": "canary"})
	for i, want := range []string{"t.j2:1: secret m1: ", "t.j2:2: secret m2: ", "t.j2:3: secret m3: ", "t.j2:4: secret m4: ", "t.j2:5: secret m5: "} {
		if err == nil || strings.Count(err.Error(), want) != 1 {
			t.Errorf("%d: %q is not in %v", i, want, err)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "optional") || strings.Contains(err.Error(), "canary")) {
		t.Errorf("too much in %v", err)
	}
	if !errors.Is(err, source.ErrNotFound) {
		t.Errorf("%v is not %v", err, source.ErrNotFound)
	}
}

// No error of a template holds a value.
func TestErrorsHoldNoValue(t *testing.T) {
	for _, text := range []string{
		"{{ secrets.a + 1 }}", "{{ secrets.a|minjson }}", "{{ {}[secrets.a].x }}", "{{ secrets.a.x.y }}", "{{ secrets.a() }}",
		"{{ 'x'|indent(secrets.a)|nosuch }}", "{{ '%d' % secrets.a }}", "{{ range(secrets.a) }}", "{{ [1]|join(attribute=secrets.a) }}",
		"{{ 'abc'.index(secrets.a) }}", "{{ secrets.a|int(base=secrets.a) }}", "{{ secrets.a['x'].y }}", "{{ {}.pop(secrets.a) }}",
		"{{ secrets.a|format(1) }}", "{{ ('%(' ~ secrets.a ~ ')s') % {} }}", "{{ ('{' ~ secrets.a ~ '}').format(1) }}", "{{ [1]|map(secrets.a)|list }}",
		"{{ [1]|select(secrets.a)|list }}", "{{ 'x'|upper(**{secrets.a: 1}) }}", "{{ 'x'.split(**{secrets.a: 1}) }}", "{{ {secrets.a: [1]}[secrets.a].z.y }}",
	} {
		tmpl, err := jinja.Parse("t", text)
		if err == nil {
			_, err = tmpl.Render(jinja.Context{ObjName: "secrets", Lookup: func(py.Value) ([]byte, bool, error) { return []byte("canary"), true, nil }})
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A number in a template does not decide how much memory a host has to have.
func TestPrecisionIsBounded(t *testing.T) {
	for _, text := range []string{"{{ '%.99999999999f' % 1.0 }}", "{{ '{:.99999999999999999999}'.format(1.5) }}", "{{ '{:.99999999999%}'.format(1) }}"} {
		tmpl, err := jinja.Parse("t", text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Render(jinja.Context{ObjName: "secrets"})
		if err != nil || len(got) > 2<<20 {
			t.Errorf("%s: %d bytes, %v", text, len(got), err)
		}
	}
}

// Printing what holds itself would take all of the stack, and end the process.
func TestNothingHoldsItself(t *testing.T) {
	for _, text := range []string{
		"{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", "{% set l = [] %}{% set _ = l.extend([[l]]) %}{{ l }}", "{% set l = [] %}{% set _ = l.insert(0, (1, l)) %}{{ l }}",
		"{% set d = {} %}{% set _ = d.update({'a': [d]}) %}{{ d }}", "{% set d = {} %}{% set _ = d.setdefault('a', d) %}{{ d }}",
	} {
		tmpl, err := jinja.Parse("t", text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.Render(jinja.Context{ObjName: "secrets"}); err == nil || !strings.Contains(err.Error(), "holds itself") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What cannot be read or evaluated is an error, never a panic or a run without end.
func FuzzRender(f *testing.F) {
	for _, s := range []string{"{{ secrets.a }}", "{% for x in [1,2] recursive %}{{ loop([]) }}{% endfor %}", "{%- set a = 1 -%}{{ a|int ** 3 }}",
		"{% macro m(a, b=1) %}{{ varargs }}{% endmacro %}{{ m(1)|upper }}", "{{ '%5.2f' % 1 }}{{ '{:>5}'.format(1) }}", "{# #}{% raw %}{% endraw %}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 || strings.Contains(text, "**") || strings.Count(text, "for") > 2 {
			return
		}
		tmpl, err := jinja.Parse("t", text)
		if err != nil {
			return
		}
		_, _ = tmpl.Render(jinja.Context{ObjName: "secrets", Lookup: func(py.Value) ([]byte, bool, error) { return []byte("v"), true, nil }})
	})
}

// The name of a secret may be another secret's value: then no message has it.
func TestNamesMadeOfValuesAreHidden(t *testing.T) {
	const canary = "hunter2hunter2"
	held := map[string]string{"s": canary, "t": "b", "port": "5432"}
	for text, want := range map[string]string{
		"{{ secrets[secrets.s] }}":                                               "its name depends on a secret",
		"{{ secrets['app.' ~ secrets.s] }}":                                      "its name depends on a secret",
		"{% set n = secrets.s|upper %}{{ secrets[n|lower] }}":                    "its name depends on a secret",
		"{% for n in secrets.s.split('r') %}{{ secrets[n] }}{% endfor %}":        "its name depends on a secret",
		"{{ secrets.get_str(secrets.s) }}":                                       "its name depends on a secret",
		"{{ secrets[secrets.s, 'x'] }}":                                          "its name depends on a secret",
		"{% if secrets.t == 'b' %}{{ secrets.gone }}{% endif %}":                 "secret gone: not found",
		"{% if secrets.t == 'b' %}{{ secrets['go' ~ 'ne'] }}{% endif %}":         "its name depends on a secret",
		"{{ secrets['go' ~ 'ne'] }}":                                             "secret gone: not found",
		"{{ secrets.s + 1 }}":                                                    "TypeError",
		"{{ secrets.s|int(base=secrets.s) }}":                                    "TypeError",
		"{{ {'a': 1}[secrets.s] + 1 }}":                                          "has no such element",
		"{{ {'a': 1}|attr(secrets.s) + 1 }}":                                     "no such attribute",
		"{{ [{'a': 1}]|map(attribute=secrets.s)|first + 1 }}":                    "no such attribute",
		"{{ secrets.s % 1 }}":                                                    "TypeError",
		"{{ ('{' ~ secrets.s ~ '}').format() }}":                                 "KeyError",
		"{{ '{:q}'.format(secrets.s) }}{{ ('{:' ~ secrets.s ~ '}').format(1) }}": "ValueError",
		"{{ namespace(secrets.s) }}":                                             ":1: ",
		"{{ dict(secrets.s) }}":                                                  ":1: ",
	} {
		_, _, err := asking(t, text, held)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(strings.ToLower(err.Error()), "hunter") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
