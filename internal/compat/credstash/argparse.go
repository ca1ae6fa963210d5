package credstash

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// This file parses arguments like Python's argparse 3.11, and also accepts what later
// versions accept: arguments of a positional after an option
// (https://github.com/python/cpython/issues/59317), and "--" before a command. As in
// argparse, each word first gets a letter: O for an option, A for an argument, "-" for
// the first "--". Then patterns over these letters assign words to options and
// positionals.

// call is a parsed command line.
type call struct {
	command string
	values  map[string][]string // by dest
	set     map[string]bool
	help    string // to print, instead of doing anything
}

func (c *call) given(dest string) bool { return c.set[dest] }

// text returns the value of an option or positional with one word, or "".
func (c *call) text(dest string) string {
	if v := c.values[dest]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// usageError is the error for an invalid command line. grammar is that of the parser that
// found it.
type usageError struct {
	g    *grammar
	text string
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%s%s: error: %s", e.g.usage(), e.g.prog, e.text)
}

// parse reads the words after the program's name. The error is a *usageError.
func parse(args []string) (*call, error) {
	top := programGrammar()
	c := &call{values: map[string][]string{}, set: map[string]bool{}}
	p := &parser{grammar: top, call: c, words: args}
	if err := p.run(); err != nil || c.help != "" {
		return c, err
	}
	if len(p.extras) == 0 {
		if c.command == "" {
			c.help = top.helpText()
		}
		return c, nil
	}
	shown := compat.Word(strings.Join(p.extras, " "))
	if c.command != "" && commandGrammar(c.command).private {
		shown = fmt.Sprintf("%d not shown here, one may be the value", len(p.extras))
	}
	return c, &usageError{top, "unrecognized arguments: " + shown}
}

// parser parses words with one grammar.
type parser struct {
	*grammar
	*call
	words []string

	letters string
	options map[int]match // by index of their word
	left    []positional
	extras  []string
}

// match is a word that was read as an option, which may be unknown or contain its value.
type match struct {
	option   *option
	name     string
	value    string
	hasValue bool
}

func (p *parser) run() error {
	if err := p.classify(); err != nil {
		return err
	}
	p.left = p.positionals
	last := -1
	for i := range p.options {
		last = max(last, i)
	}
	at := 0
	for at <= last && p.help() == "" {
		next := at
		for _, ok := p.options[next]; !ok; _, ok = p.options[next] {
			next++
		}
		end, err := p.takePositionals(at, next)
		if err != nil {
			return err
		}
		if end > at {
			at = end
			continue
		}
		p.extras = append(p.extras, p.words[at:next]...)
		if at, err = p.takeOption(next); err != nil {
			return err
		}
	}
	if p.help() != "" {
		return nil
	}
	end, err := p.takePositionals(at, len(p.words)+1)
	if err != nil || p.help() != "" {
		return err
	}
	p.extras = append(p.extras, p.words[end:]...)
	return p.missing()
}

func (p *parser) help() string { return p.call.help }

// missing returns the error for positionals without words, or nil.
func (p *parser) missing() error {
	var names []string
	for _, a := range p.left {
		if a.kind != optional && a.kind != command {
			names = append(names, a.dest)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return p.errorf("the following arguments are required: %s", strings.Join(names, ", "))
}

// takePositionals assigns the words from an index on to as many positionals as their
// patterns match, and returns the index of the first remaining word.
func (p *parser) takePositionals(at, limit int) (int, error) {
	if at == limit {
		return at, nil
	}
	sizes := p.fit(p.letters[at:])
	for i, n := range sizes {
		words := slices.Clone(p.words[at : at+n])
		dashes := strings.IndexByte(p.letters[at:at+n], '-')
		if dashes == 0 || dashes > 0 && p.left[i].kind != command { // a command has its own
			words = slices.Delete(words, dashes, dashes+1)
		}
		at += n
		if err := p.fill(p.left[i], words); err != nil {
			return 0, err
		}
	}
	p.left = p.left[len(sizes):]
	return at, nil
}

// fit returns the number of letters for each positional that can be filled.
func (p *parser) fit(letters string) []int {
	patterns := map[kind]string{one: `(-*A-*)`, optional: `(-*A?-*)`, many: `(-*[A-]*)`, command: `(-*A[-AO]*)`}
	for n := len(p.left); n > 0; n-- {
		expr := "^"
		for _, a := range p.left[:n] {
			expr += patterns[a.kind]
		}
		found := regexp.MustCompile(expr).FindStringSubmatchIndex(letters)
		if found == nil {
			continue
		}
		var sizes []int
		for i := 2; i < len(found); i += 2 {
			sizes = append(sizes, found[i+1]-found[i])
		}
		if found[1] < len(letters) && letters[found[1]] == 'O' {
			for len(sizes) > 0 && sizes[len(sizes)-1] == 0 { // their words may come after the option
				sizes = sizes[:len(sizes)-1]
			}
		}
		return sizes
	}
	return nil
}

// fill stores the words of a positional.
func (p *parser) fill(a positional, words []string) error {
	if a.kind != command {
		p.values[a.dest], p.set[a.dest] = words, len(words) > 0
		return p.checkPairs(a.dest, a.pairs, words)
	}
	if err := p.choose("{"+strings.Join(a.choices, ",")+"}", a.choices, words[:1]); err != nil {
		return err
	}
	p.command = words[0]
	sub := &parser{grammar: commandGrammar(words[0]), call: p.call, words: words[1:]}
	if err := sub.run(); err != nil {
		return err
	}
	p.extras = append(p.extras, sub.extras...)
	return nil
}

func (p *parser) errorf(format string, args ...any) error {
	return &usageError{p.grammar, fmt.Sprintf(format, args...)}
}

// word quotes a word for a message, unless it may be a secret value.
func (g *grammar) word(w string) string {
	if g.private {
		return "'...'"
	}
	return py.Quote(w)
}

// label returns argparse's name of an option in messages.
func label(o option) string { return strings.Join(o.names(), "/") }
