package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Every function is described once, and each description is of a function.
func TestFunctionsAreDescribed(t *testing.T) {
	described := map[string]bool{}
	for _, f := range Functions() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if find(name).name == "" {
				t.Errorf("%s is described, and is no function", name)
			}
			if described[name] {
				t.Errorf("%s is described twice", name)
			}
			described[name] = true
		}
		if !strings.HasSuffix(f.Summary, ".") || len(f.Summary) < 10 {
			t.Errorf("%s: the description is %q", f.Name, f.Summary)
		}
	}
	for _, name := range names() {
		if !described[name] {
			t.Errorf("%s is not described: add it to pkg/template/internal/funcs/functions.txt", name)
		}
	}
}

// Aliases are the same function, and the number of arguments fits.
func TestDescriptionsFitTheFunctions(t *testing.T) {
	treatments := funcs.Treatments()
	for _, f := range Functions() {
		own, variadic := find(f.Name).params()
		for _, alias := range f.Aliases {
			in, v := find(alias).params()
			if !slices.Equal(in, own) || v != variadic || treatments[alias] != treatments[f.Name] {
				t.Errorf("%s takes other arguments than %s", alias, f.Name)
			}
		}
		words := strings.Fields(f.Args)
		optional := slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "[") || strings.HasSuffix(w, "...") })
		if optional != variadic || !variadic && len(words) != len(own) {
			t.Errorf("%s is described as %q, and takes %d arguments (variadic: %v)", f.Name, f.Args, len(own), variadic)
		}
	}
}

// What an example shows is what it prints: all render that ask for nothing.
func TestExamplesOfFunctionsRender(t *testing.T) {
	rendered := 0
	for _, f := range Functions() {
		tmpl, err := Parse(f.Example, Options{Name: f.Name})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		asks := slices.ContainsFunc(tmpl.Refs(), func(StaticRef) bool { return true }) || f.Name == "include" || f.Name == "htpasswd"
		if f = f.Evaluate(t.Context()); f.Example == "" || asks {
			continue
		}
		if f.Result == "" {
			t.Errorf("%s: the example %s prints nothing", f.Name, f.Example)
		}
		if !strings.Contains(f.Example, f.Name) {
			t.Errorf("%s: the example %s does not call it", f.Name, f.Example)
		}
		rendered++
	}
	if rendered < 150 {
		t.Errorf("%d examples were rendered, expected more", rendered)
	}
}

// What stands for a function of another program exists here, and is not that name.
func TestPeerFunctions(t *testing.T) {
	lower := map[string]bool{}
	for _, name := range names() {
		lower[strings.ToLower(name)] = true
	}
	for peer, ours := range peerFunctions() {
		if lower[strings.ToLower(peer)] {
			t.Errorf("%s is a function here too", peer)
		}
		if find(ours).name == "" && !strings.Contains(ours, " ") {
			t.Errorf("%s: %s is no function", peer, ours)
		}
	}
}
