package credstash

import (
	"slices"
	"strings"

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
