package secretfile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template"
)

// Variable is one line of a file.
type Variable struct{ Name, Value string }

// name is what a variable may be called
// (https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html).
var name = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// IsEnvName reports whether s can name a variable.
func IsEnvName(s string) bool { return name().MatchString(s) }

// Capitals turns a secret's name into what a variable is usually called: ASCII
// letters in capitals, and _ for all that is no ASCII letter or digit.
func Capitals(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, s)
}

// LosesLetters reports whether [Capitals] would replace a letter or digit of s. Names
// that differ only in them would become one.
func LosesLetters(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
	})
}

// ParsePrinted reads lines of NAME=VALUE as .env loaders do
// (https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow),
// less what differs from one loader to the next: nothing is expanded, so that a
// $ in a password stays.
//
//   - Empty lines and lines that begin with # say nothing; "export " before a
//     name, and spaces around the =, do not count.
//   - A bare value ends at the line's end or before a # that follows a space;
//     spaces at its ends are dropped.
//   - A value in single quotes is taken as it is, one in double quotes with \n,
//     \r, \t, \", \\, \$ and \` for what they stand for; any other backslash
//     stays. Both may hold line breaks, and nothing but a comment follows them.
//   - A name has letters, digits and _, does not begin with a digit, and is
//     there once.
//
// A value that begins with a backquote is refused: to some loaders it is a quote,
// to shells a command. So is a bare value with a carriage return in it, which
// dotenv for Node.js and python-dotenv take for the end of the line, or with a
// backslash at its end, after which shells and systemd (systemd.exec(5)) go on with
// the next line. Lines may end in CR LF, which quotes keep. Errors are of type [*SyntaxError].
//
// The data is that of a rendered template, of which prints are what its actions printed;
// nil: it is no template's. One in a value must be all of it or a part of it, and one in
// a name likewise: a secret that holds a line break, a # behind a space or a quote
// would be cut off there, or go on as another variable. An action may also print
// whole lines. Errors name no variable whose name was printed; printed has those.
func ParsePrinted(data []byte, prints []template.Print) (vars []Variable, printed map[string]bool, err error) {
	p := &parser{prints: prints}
	vars, err = p.parse(data)
	if err != nil {
		return nil, nil, err
	}
	return vars, p.printed, nil
}

func (p *parser) parse(data []byte) ([]Variable, error) {
	p.rest, p.data, p.line = strings.TrimPrefix(string(data), "\ufeff"), string(data), 1
	p.seen, p.printed = map[string]int{}, map[string]bool{}
	for p.rest != "" {
		if err := p.next(); err != nil {
			return nil, &SyntaxError{p.line, err.Error()}
		}
	}
	return p.found, nil
}

type parser struct {
	rest    string
	data    string
	prints  []template.Print
	from    int // where the value begins, blanks before it included
	line    int
	found   []Variable
	seen    map[string]int // line of each name
	printed map[string]bool
	shell   bool // refuse what a shell would expand
}

// next reads a line, and those that its quotes go on over.
func (p *parser) next() error {
	text, _, _ := strings.Cut(p.rest, "\n")
	end := p.offset() + len(text)
	if text = strings.TrimSpace(text); text == "" || text[0] == '#' {
		if hash := p.offset() + strings.IndexByte(p.rest, '#'); text != "" && p.spills(hash, end) {
			return errCut
		}
		p.skip()
		return nil
	}
	key, _, ok := strings.Cut(text, "=")
	fields := strings.Fields(key)
	if len(fields) == 2 && fields[0] == "export" {
		fields = fields[1:]
	}
	if !ok || len(fields) != 1 || !IsEnvName(fields[0]) {
		return errors.New("it is not NAME=VALUE, with a name of letters, digits and _")
	}
	equals := p.offset() + strings.Index(p.rest, "=")
	shown := fields[0]
	for _, x := range p.prints {
		if x.Start > equals || x.End <= p.offset() {
			continue
		}
		p.printed[fields[0]] = true
		if shown = "a variable"; x.End > equals+1 && !p.isLines(x) || x.Start < p.offset() && x.End <= equals+1 {
			return errCut
		}
	}
	if at := p.seen[fields[0]]; at > 0 {
		return fmt.Errorf("%s is given already on line %d", shown, at)
	}
	p.seen[fields[0]] = p.line
	before := p.data[p.offset():equals]
	p.rest = p.data[equals+1:]
	p.from = p.offset()
	p.rest = strings.TrimLeft(p.rest, " \t")
	value, err := p.valueAfter(before)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	p.found = append(p.found, Variable{fields[0], value})
	return nil
}

// isLines reports whether a print is all of its lines, but for a comment behind it.
func (p *parser) isLines(x template.Print) bool {
	text := p.data[x.Start:x.End]
	start, end := x.End-len(strings.TrimLeftFunc(text, unicode.IsSpace)), x.Start+len(strings.TrimRightFunc(text, unicode.IsSpace))
	before := p.data[strings.LastIndexByte(p.data[:start], '\n')+1 : start]
	after, _, _ := strings.Cut(p.data[end:], "\n")
	after = strings.TrimSpace(after)
	return strings.TrimSpace(before) == "" && (after == "" || after[0] == '#')
}

// skip takes the rest of the line away and returns it.
func (p *parser) skip() (text string) {
	text, p.rest, _ = strings.Cut(p.rest, "\n")
	p.line++
	return text
}

func (p *parser) value() (string, error) {
	if p.rest != "" && (p.rest[0] == '\'' || p.rest[0] == '"') {
		return p.quoted(p.rest[0])
	}
	if strings.HasPrefix(p.rest, "`") {
		return "", errors.New("it begins with a backquote, which some programs take for a quote: put the value in single quotes")
	}
	start := p.offset()
	text := p.skip()
	end := start + len(text)
	for i := range len(text) {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			end, text = p.comment(start+i, end), text[:i]
			break
		}
	}
	start += len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	raw := text
	text = strings.TrimSpace(text)
	if p.cut(start, start+len(text), end) {
		p.line--
		return "", errCut
	}
	err := disputedBare(text)
	if p.shell {
		err = shellBare(raw)
	}
	if err != nil {
		p.line--
		return "", err
	}
	return text, nil
}

// disputedBare refuses a bare value that loaders read differently.
func disputedBare(text string) error {
	switch {
	case strings.Contains(text, "\r"):
		return errors.New("it contains a carriage return, which some programs read as the end of the line: put the value in double quotes and write \\r")
	case strings.HasSuffix(text, `\`):
		return errors.New("it ends in a backslash, which joins the next line in some programs: put the value in single quotes")
	}
	return nil
}

// comment returns the place before which what is printed belongs to the value:
// the # of a comment, if it is the template's own and the line holds all of it.
func (p *parser) comment(hash, end int) int {
	printed := slices.ContainsFunc(p.prints, func(x template.Print) bool { return x.Start <= hash && hash < x.End })
	if printed || p.spills(hash, end) {
		return end
	}
	return hash
}

// spills reports whether something that is printed in a comment goes on as
// another line.
func (p *parser) spills(hash, end int) bool {
	return slices.ContainsFunc(p.prints, func(x template.Print) bool { return hash < x.Start && x.Start <= end && end < x.End })
}

var errCut = errors.New("the output of an action is cut off here, or continues on another line: end the action with | envquote")

func (p *parser) offset() int { return len(p.data) - len(p.rest) }

// cut reports whether something that an action printed after p.from, and before
// end, is not wholly in the value.
func (p *parser) cut(start, stop, end int) bool {
	return slices.ContainsFunc(p.prints, func(x template.Print) bool {
		return p.from <= x.Start && x.Start <= end && x.Start < x.End && (x.Start < start || x.End > stop)
	})
}

func (p *parser) quoted(quote byte) (string, error) {
	var b strings.Builder
	lines, start := 0, p.offset()
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == quote:
			if p.broken(start, start+i) {
				return "", errCut
			}
			if p.shell && quote == '"' {
				if err := shellQuoted(p.rest[1:i]); err != nil {
					return "", err
				}
			}
			p.rest = p.rest[i+1:]
			p.line += lines
			if line, _, _ := strings.Cut(p.rest, "\n"); p.spills(start+i, p.offset()+len(line)) {
				return "", errCut
			}
			if after := p.trailer(p.skip()); after != "" && after[0] != '#' {
				p.line--
				return "", errAfterQuote
			}
			return b.String(), nil
		case c == '\\' && quote == '"' && i+1 < len(p.rest):
			i++
			b.WriteString(unescape(p.rest[i]))
			if p.rest[i] == '\n' {
				lines++
			}
		default:
			if c == '\n' {
				lines++
			}
			b.WriteByte(c)
		}
	}
	return "", errors.New("its quote is not closed")
}

// broken reports whether a quote that an action printed closes a value that it
// did not open, or the other way round.
func (p *parser) broken(open, closed int) bool {
	whole := slices.ContainsFunc(p.prints, func(x template.Print) bool { return x.Start == open && x.End == closed+1 })
	return !whole && p.cut(open+1, closed, closed)
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case '"', '\\', '$', '`':
		return string(c)
	}
	return `\` + string(c)
}
