package secretfile

import (
	"errors"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/template"
)

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
