package credsmash

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat"
)

// option is an option of a command.
type option struct {
	long, short string // "--version", "-v"
	off         string // of a flag, the form that turns it off: "--no-compare"
	kind        kind
	help        string
}

type kind int

const (
	textValue kind = iota
	intValue
	pairValue // two words
	flag
)

// argument is a positional argument.
type argument struct {
	name     string // as usage lines spell it
	optional bool
}

// call is a parsed command line.
type call struct {
	command *command
	args    []string // optional ones may be missing
	options map[string][]string
}

func (c *call) text(long, standard string) string {
	if v := c.options[long]; len(v) > 0 {
		return v[len(v)-1]
	}
	return standard
}

// arg returns the i-th argument, or standard if it was left out.
func (c *call) arg(i int, standard string) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return standard
}

// helpWanted is the error that --help returns.
type helpWanted struct{ text string }

func (helpWanted) Error() string { return "help" }

// reader parses words like click: options anywhere before "--", long options with "=",
// short options joined in one word or with the value attached.
type reader struct {
	command *command // nil: the program's own options
	options []option
	// stops ends the options at the first argument, for options before a command.
	stops bool
	words []string
	call  *call
}

func (r *reader) fail(format string, args ...any) error {
	return &usageError{r.command, fmt.Sprintf(format, args...)}
}

func (r *reader) read() error {
	r.call = &call{command: r.command, options: map[string][]string{}}
	for len(r.words) > 0 {
		w := r.words[0]
		switch {
		case w == "--":
			r.call.args = append(r.call.args, r.words[1:]...)
			r.words = nil
		case len(w) < 2 || w[0] != '-':
			if r.stops {
				return nil
			}
			r.call.args = append(r.call.args, w)
			r.words = r.words[1:]
		default:
			r.words = r.words[1:]
			if err := r.option(w); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) option(word string) error {
	if word == "--help" {
		return helpWanted{r.command.help()}
	}
	if strings.HasPrefix(word, "--") {
		name, value, attached := strings.Cut(word, "=")
		for _, o := range r.options {
			if o.long == name || (o.off != "" && o.off == name) {
				return r.take(o, name, value, attached)
			}
		}
		return r.noOption(name)
	}
	for rest := word[1:]; rest != ""; {
		name := "-" + rest[:1]
		rest = rest[1:]
		o, ok := r.short(name)
		if !ok {
			return r.noOption(name)
		}
		if o.kind == flag {
			r.call.options[o.long] = append(r.call.options[o.long], "true")
			continue
		}
		return r.take(o, name, rest, rest != "")
	}
	return nil
}

func (r *reader) noOption(name string) error {
	if r.command.private() {
		return r.fail("No such option (it is not shown, it may be the value).")
	}
	return r.fail("No such option '%s'.", compat.Word(name))
}

// private reports whether an argument of the command may be a secret value, which
// messages must not show.
func (c *command) private() bool { return c != nil && c.name == "put" }

func (r *reader) short(name string) (option, bool) {
	for _, o := range r.options {
		if o.short == name {
			return o, true
		}
	}
	return option{}, false
}

// take stores an option's value, which is attached to it or in the following words.
func (r *reader) take(o option, name, value string, attached bool) error {
	values := []string{value}
	switch {
	case o.kind == flag && attached:
		return r.fail("Option '%s' does not take a value.", name)
	case o.kind == flag:
		values[0] = strconv.FormatBool(name == o.long)
	case o.kind == pairValue:
		values = nil
		if attached {
			values = []string{value}
		}
		for len(values) < 2 && len(r.words) > 0 {
			values, r.words = append(values, r.words[0]), r.words[1:]
		}
		if len(values) < 2 {
			return r.fail("Option '%s' requires 2 arguments.", name)
		}
	case !attached && len(r.words) == 0:
		return r.fail("Option '%s' requires an argument.", name)
	case !attached:
		values[0], r.words = r.words[0], r.words[1:]
	}
	if o.kind == intValue {
		if _, err := strconv.ParseInt(strings.TrimSpace(values[0]), 10, 64); err != nil {
			return r.fail("Invalid value for %s: '%s' is not a valid integer.", o.names(), compat.Word(values[0]))
		}
	}
	r.call.options[o.long] = append(r.call.options[o.long], values...)
	return nil
}

func (o option) names() string {
	if o.short == "" {
		return "'" + o.long + "'"
	}
	return "'" + o.long + "' / '" + o.short + "'"
}

func parseGlobal(args []string) (*call, []string, error) {
	r := &reader{options: globalOptions(), stops: true, words: args}
	if err := r.read(); err != nil {
		return nil, nil, err
	}
	return r.call, append(r.call.args, r.words...), nil
}

func (c *command) parse(args []string) (*call, error) {
	r := &reader{command: c, options: c.options, words: args}
	if err := r.read(); err != nil {
		return nil, err
	}
	for i, a := range c.arguments {
		if i >= len(r.call.args) && !a.optional {
			return nil, r.fail("Missing argument '%s'.", a.name)
		}
	}
	switch extra := r.call.args[min(len(r.call.args), len(c.arguments)):]; {
	case len(extra) > 0 && c.private():
		return nil, r.fail("Got unexpected extra arguments (%d not shown here, one may be the value)", len(extra))
	case len(extra) == 1:
		return nil, r.fail("Got unexpected extra argument (%s)", extra[0])
	case len(extra) > 1:
		return nil, r.fail("Got unexpected extra arguments (%s)", strings.Join(extra, " "))
	}
	return r.call, nil
}
