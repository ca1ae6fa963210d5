package convert

import (
	"regexp"
	"strings"
	"sync"
	"text/template/parse"
)

// consulFunctions are functions of consul-template that are called without arguments, so
// that Jinja2 reads a call as a variable.
var consulFunctions = map[string]bool{
	"timestamp": true, "services": true, "nodes": true, "datacenters": true, "caRoots": true, "end": true, "else": true,
}

var plainTag = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{-?\s*([A-Za-z]+)\s*-?\}\}`) })

// foreign returns what a text is that is no Jinja2 template, or "".
func foreign(text string, parsed bool) string {
	if !strings.Contains(text, "{{") && !strings.Contains(text, "{%") && !strings.Contains(text, "{#") {
		return "no Jinja2 template, or one without anything to convert: it has neither {{ }} nor {% %} nor {# #}"
	}
	const inGo = "no Jinja2 template but one of Go's text/template: credrender reads those as they are, and 'credrender help consul-template' shows what replaces functions of consul-template"
	if strings.Contains(text, "{%") {
		return ""
	}
	if !parsed {
		tree := parse.New("")
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(text, "", "", map[string]*parse.Tree{}); err == nil {
			return inGo
		}
		return ""
	}
	for _, m := range plainTag().FindAllStringSubmatch(text, -1) {
		if consulFunctions[m[1]] {
			return inGo
		}
	}
	return ""
}
