package exchange

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/lazyregexp"
	"github.com/credrender/credrender/pkg/source"
)

var (
	envName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
	bare    = lazyregexp.New(`^[A-Za-z0-9_@%+=:,./-]+$`)
)

// EnvName turns a name into one that dotenv holds: in capitals, with _ for what
// is no letter or digit.
func EnvName(name string) string {
	upper := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, name)
	if upper == "" || '0' <= upper[0] && upper[0] <= '9' {
		return "_" + upper
	}
	return upper
}

func writeDotenv(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	var all []error
	for _, e := range entries {
		value := string(e.Value.Reveal())
		switch {
		case !envName.MatchString(e.Name):
			all = append(all, unfit(e, "a name of letters, digits and _ is needed"))
		case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			all = append(all, unfit(e, "the value is binary"))
		default:
			b.WriteString(e.Name + "=" + quote(value) + "\n")
		}
	}
	if len(all) > 0 {
		return nil, errors.Join(all...)
	}
	return b.Bytes(), nil
}

// quote writes what shells, systemd and the usual dotenv libraries read alike.
func quote(s string) string {
	switch {
	case bare.MatchString(s):
		return s
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(s) + `"`
}

func parseDotenv(data []byte) ([]Entry, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	r := &envReader{text: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	var entries []Entry
	for r.skip(); r.text != ""; r.skip() {
		name, err := r.name()
		if err != nil {
			return nil, err
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{name, source.NewSecret([]byte(value))})
	}
	return entries, nil
}

type envReader struct {
	text string // what is left
	line int
}

func (r *envReader) fault(msg string) error { return &SyntaxError{r.line, msg} }

func (r *envReader) take(n int) string {
	taken := r.text[:n]
	r.text = r.text[n:]
	r.line += strings.Count(taken, "\n")
	return taken
}

// skip passes over empty lines and comments.
func (r *envReader) skip() {
	for {
		r.take(len(r.text) - len(strings.TrimLeft(r.text, " \t\r\n")))
		if !strings.HasPrefix(r.text, "#") {
			return
		}
		r.rest()
	}
}

// rest takes what is left of the line.
func (r *envReader) rest() string {
	if i := strings.IndexByte(r.text, '\n'); i >= 0 {
		return strings.TrimSuffix(r.take(i), "\r")
	}
	return r.take(len(r.text))
}

func (r *envReader) name() (string, error) {
	i := strings.IndexAny(r.text, "=\n")
	if i < 0 || r.text[i] == '\n' {
		return "", r.fault("not NAME=VALUE")
	}
	name := strings.TrimSpace(r.take(i))
	r.take(1)
	if word, ok := strings.CutPrefix(name, "export "); ok {
		name = strings.TrimSpace(word)
	}
	if !envName.MatchString(name) {
		return "", r.fault("a name of letters, digits and _ is needed before =")
	}
	return name, nil
}

func (r *envReader) value() (string, error) {
	r.take(len(r.text) - len(strings.TrimLeft(r.text, " \t")))
	if r.text == "" || r.text[0] != '\'' && r.text[0] != '"' {
		value := r.rest()
		if i := strings.Index(value, " #"); i >= 0 {
			value = value[:i]
		}
		return strings.TrimSpace(value), nil
	}
	value, err := r.quoted(r.take(1)[0])
	if err != nil {
		return "", err
	}
	if after := strings.TrimSpace(r.rest()); after != "" && after[0] != '#' {
		return "", r.fault("something follows the closing quote")
	}
	return value, nil
}

func (r *envReader) quoted(mark byte) (string, error) {
	var b strings.Builder
	for i := 0; i < len(r.text); i++ {
		c := r.text[i]
		switch {
		case c == mark:
			r.take(i + 1)
			return b.String(), nil
		case c == '\\' && mark == '"' && i+1 < len(r.text):
			i++
			b.WriteString(unescape(r.text[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", r.fault("a quote is not closed")
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	}
	return string([]byte{c})
}
