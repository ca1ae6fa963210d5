package credstash

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The help of a command has the options and positionals of its table, and no others, in the
// same order; usage lines have them too.
func TestHelpHasTheTable(t *testing.T) {
	grammars := []*grammar{programGrammar()}
	for _, name := range commandNames() {
		grammars = append(grammars, commandGrammar(name))
	}
	for _, g := range grammars {
		_, options, _ := strings.Cut(g.helpText(), "\noptions:\n")
		var want []string
		for _, o := range g.options {
			want = append(want, o.names()...)
			if !strings.Contains(g.usage(), o.names()[0]+o.usageEnd()) {
				t.Errorf("%s: the usage lacks %s", g.prog, o.names()[0])
			}
			for _, choice := range o.choices {
				if !strings.Contains(g.usage(), choice) {
					t.Errorf("%s: the usage lacks %s", g.prog, choice)
				}
			}
		}
		if got := optionNames(options); !slices.Equal(got, want) {
			t.Errorf("%s: the help has %q, the table %q", g.prog, got, want)
		}
		for _, a := range g.positionals {
			for _, word := range append(a.choices, a.dest) {
				if !strings.Contains(g.usage(), word) || !strings.Contains(g.helpText(), "  "+word) {
					t.Errorf("%s: the help lacks %s", g.prog, word)
				}
			}
		}
	}
}

// usageEnd is what follows the first name of an option in a usage line.
func (o option) usageEnd() string {
	switch {
	case o.kind == flag || o.kind == helping:
		return "]"
	case o.kind == many:
		return " [" + strings.ToUpper(o.dest) + " ...]"
	case o.choices != nil:
		return " {" + strings.Join(o.choices, ",") + "}"
	}
	return " " + strings.ToUpper(o.dest)
}

func optionNames(text string) (names []string) {
	for line := range strings.Lines(text) {
		if forms, ok := strings.CutPrefix(line, "  -"); ok {
			forms, _, _ = strings.Cut("-"+forms, "  ")
			names = append(names, regexp.MustCompile(`--?[a-zA-Z][a-z-]*`).FindAllString(forms, -1)...)
		}
	}
	return names
}
