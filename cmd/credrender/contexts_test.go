package main

import (
	"strings"
	"testing"
)

func TestContextMapRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: b":                                "not a list",
		"- x":                                 "not a list",
		"- {pattern: a}":                      "entry 1: no context",
		"- {pattern: a, context: []}":         "entry 1: no context",
		"- {pattern: a, context: x}":          "entry 1: a context is not a mapping",
		"- {pattern: a, context: [x]}":        "entry 1: a context is not a mapping",
		"- {pattern: a, context: {a: [x]}}":   "entry 1: context: ",
		"- {pattern: a, context: {'': x}}":    "entry 1: invalid encryption context",
		"- {context: {}}":                     "entry 1: no pattern",
		"- {pattern: a, context: {}}\n- {x:}": "entry 2: a key x",
	} {
		if _, err := parseContextMap([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// FuzzContextMap: a map that is taken has a pattern and a context in each entry.
func FuzzContextMap(f *testing.F) {
	f.Add("- {pattern: '*', context: [{env: prod}, {}]}")
	f.Add("- pattern: a\n  context: {A.b: 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := parseContextMap([]byte(text))
		for _, r := range rules {
			if err == nil && (r.pattern == "" || len(r.contexts) == 0) {
				t.Errorf("%q gives %+v", text, r)
			}
		}
	})
}
