package credstash

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/internal/compat"
)

func (p *parser) classify() error {
	p.options = map[int]match{}
	var b strings.Builder
	for i, w := range p.words {
		if w == "--" {
			b.WriteString("-" + strings.Repeat("A", len(p.words)-i-1))
			break
		}
		m, isOption, err := p.read(w)
		if err != nil {
			return err
		}
		if !isOption {
			b.WriteByte('A')
			continue
		}
		p.options[i] = m
		b.WriteByte('O')
	}
	p.letters = b.String()
	return nil
}

var negativeNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`) })

// read classifies one word.
func (p *parser) read(w string) (m match, isOption bool, err error) {
	if len(w) < 2 || w[0] != '-' {
		return match{}, false, nil
	}
	if o := p.find(w); o != nil {
		return match{option: o, name: w}, true, nil
	}
	if name, value, ok := strings.Cut(w, "="); ok {
		if o := p.find(name); o != nil {
			return match{o, name, value, true}, true, nil
		}
	}
	switch found := p.candidates(w); {
	case len(found) == 1:
		return found[0], true, nil
	case len(found) > 1:
		names := make([]string, len(found))
		for i, m := range found {
			names[i] = m.name
		}
		typed, _, _ := strings.Cut(w, "=") // what follows may be a value to store
		return match{}, false, p.errorf("ambiguous option: %s could match %s", compat.Word(typed), strings.Join(names, ", "))
	case negativeNumber().MatchString(w), strings.Contains(w, " "):
		return match{}, false, nil
	}
	return match{name: w}, true, nil
}

func (p *parser) find(name string) *option {
	for i := range p.grammar.options {
		if o := &p.grammar.options[i]; slices.Contains(o.names(), name) {
			return o
		}
	}
	return nil
}

// candidates returns the options that a word may abbreviate, and the short options whose
// value it may contain.
func (p *parser) candidates(w string) []match {
	var found []match
	prefix, value, hasValue := w, "", false
	long := strings.HasPrefix(w, "--")
	if long {
		prefix, value, hasValue = strings.Cut(w, "=")
	}
	for i := range p.grammar.options {
		o := &p.grammar.options[i]
		for _, name := range o.names() {
			switch {
			case !long && name == w[:2]:
				found = append(found, match{o, name, w[2:], true})
			case strings.HasPrefix(name, prefix):
				found = append(found, match{o, name, value, hasValue})
			}
		}
	}
	return found
}
