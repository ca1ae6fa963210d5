package credstash

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// takeOption handles the option at an index, including flags joined to it in one word,
// and returns the index of the next word.
func (p *parser) takeOption(i int) (int, error) {
	m := p.options[i]
	if m.option == nil {
		p.extras = append(p.extras, p.words[i])
		return i + 1, nil
	}
	var flags []match
	for m.hasValue && (m.option.kind == flag || m.option.kind == helping) {
		next := p.find("-" + firstChar(m.value))
		if strings.HasPrefix(m.name, "--") || m.value == "" || next == nil {
			return 0, p.errorf("argument %s: ignored explicit argument %s", label(*m.option), p.word(m.value))
		}
		flags = append(flags, m)
		rest := m.value[len(firstChar(m.value)):]
		m = match{next, "-" + firstChar(m.value), rest, rest != ""}
	}
	words, end := []string{m.value}, i+1
	if !m.hasValue {
		n, err := p.count(m.option, i+1)
		if err != nil {
			return 0, err
		}
		words, end = p.words[i+1:i+1+n], i+1+n
	}
	for _, f := range append(flags, match{option: m.option}) {
		if err := p.act(f.option, words); err != nil {
			return 0, err
		}
	}
	return end, nil
}

func firstChar(s string) string {
	for _, c := range s {
		return string(c)
	}
	return ""
}

// count returns the number of words, from an index on, that an option takes.
func (p *parser) count(o *option, from int) (int, error) {
	arguments := len(p.letters[from:]) - len(strings.TrimLeft(p.letters[from:], "A"))
	switch o.kind {
	case flag, helping:
		return 0, nil
	case many:
		return arguments, nil
	}
	if arguments == 0 {
		return 0, p.errorf("argument %s: expected one argument", label(*o))
	}
	return 1, nil
}

// act stores the words of an option.
func (p *parser) act(o *option, words []string) error {
	switch o.kind {
	case helping:
		if p.call.help == "" {
			p.call.help = p.helpText()
		}
		return nil
	case flag:
		words = nil
	}
	if err := p.choose(label(*o), o.choices, words); err != nil {
		return err
	}
	if slices.Contains(p.exclusive, o.dest) {
		for _, other := range p.exclusive {
			if other != o.dest && p.set[other] {
				return p.errorf("argument %s: not allowed with argument %s", label(*o), label(*p.byDest(other)))
			}
		}
	}
	p.values[o.dest], p.set[o.dest] = words, true
	return p.checkPairs(label(*o), o.pairs, words)
}

// checkPairs refuses words that are not key=value. Unlike in credstash, the value may
// contain "=".
func (p *parser) checkPairs(label string, pairs bool, words []string) error {
	for _, w := range words {
		if k, v, ok := strings.Cut(w, "="); pairs && (!ok || k == "" || v == "") {
			return p.errorf(`argument %s: %s is not the form of "key=value"`, label, p.word(w))
		}
	}
	return nil
}

func (p *parser) byDest(dest string) *option {
	i := slices.IndexFunc(p.grammar.options, func(o option) bool { return o.dest == dest })
	return &p.grammar.options[i]
}

func (p *parser) choose(label string, choices, words []string) error {
	for _, w := range words {
		if choices == nil || slices.Contains(choices, w) {
			continue
		}
		quoted := make([]string, len(choices))
		for i, c := range choices {
			quoted[i] = py.Quote(c)
		}
		return p.errorf("argument %s: invalid choice: %s (choose from %s)", label, py.Quote(w), strings.Join(quoted, ", "))
	}
	return nil
}

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
