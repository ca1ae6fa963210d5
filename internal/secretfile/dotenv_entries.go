package secretfile

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

var bare = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`) })

// EnvName turns a name into one that dotenv holds: in capitals, with _ for what
// is no letter or digit.
func EnvName(name string) string {
	upper := Capitals(name)
	if upper == "" || '0' <= upper[0] && upper[0] <= '9' {
		return "_" + upper
	}
	return upper
}

func writeDotenv(entries []Entry) ([]byte, error) { return writeLines("", entries) }

func writeShell(entries []Entry) ([]byte, error) { return writeLines("export ", entries) }

// writeLines writes NAME=VALUE lines with a prefix.
func writeLines(prefix string, entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	err := eachText(entries, func(name, value string) error {
		switch {
		case !IsEnvName(name):
			return errors.New("a name of letters, digits and _ is needed")
		case strings.ContainsRune(value, 0):
			return errors.New("the value is binary")
		}
		b.WriteString(prefix + name + "=" + quote(value) + "\n")
		return nil
	})
	return b.Bytes(), err
}

// quote writes what shells and systemd read alike, and dotenv libraries but for
// what [Disputed] tells.
func quote(s string) string {
	switch {
	case bare().MatchString(s):
		return s
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(s) + `"`
}

// Disputed reports whether dotenv libraries (those of Node.js and Python) read v
// otherwise than shells, however it is quoted: they turn CR into LF, know no
// escapes of \ " $ and ` in double quotes, or take \' for one in single quotes.
func Disputed(v source.Secret) bool {
	s := string(v.Reveal())
	return strings.Contains(s, "\r") || strings.HasSuffix(s, `\`) ||
		strings.Contains(s, "'") && strings.ContainsAny(s, "\\\"$`")
}

func parseDotenv(data []byte) ([]Entry, error) { return dotenvEntries(data, &parser{}) }

func dotenvEntries(data []byte, p *parser) ([]Entry, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	variables, err := p.parse(data)
	entries := make([]Entry, len(variables))
	for i, v := range variables {
		entries[i] = Entry{Name: v.Name, Value: source.NewSecret([]byte(v.Value))}
	}
	return entries, err
}

// shellSpecial has the characters that a shell expands, joins or ends a word at
// (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02).
// Bash expands { too.
const shellSpecial = "\\$`;&|<>()'\"*?[{#"

// shellName is what precedes the = of a line. A shell permits no blank before the =.
var shellName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*$`)
})

var (
	errShellBare  = errors.New("it contains a character that a shell treats specially: put the value in single quotes")
	errExpanded   = errors.New("it contains $ or ` in double quotes, which a shell expands: put the value in single quotes")
	errBackslash  = errors.New("it contains a backslash in double quotes that escapes nothing in a shell: put the value in single quotes")
	errShellBlank = errors.New("white space around the =, which a shell does not permit: remove it")
	errAfterQuote = errors.New("unexpected text after the closing quote")
)

// parseShell reads assignments whose values every shell reads alike. Others are refused.
func parseShell(data []byte) ([]Entry, error) {
	return dotenvEntries(data, &parser{shell: true})
}

// valueAfter reads a value. before is what precedes the = on its line.
func (p *parser) valueAfter(before string) (string, error) {
	if p.shell {
		if err := p.shellEquals(before); err != nil {
			return "", err
		}
	}
	return p.value()
}

// shellEquals refuses a line that is no assignment to a shell. before is its text up to the
// =, and p.rest is what follows the blanks after it.
func (p *parser) shellEquals(before string) error {
	line, _, _ := strings.Cut(p.rest, "\n")
	line = strings.TrimSuffix(line, "\r")
	hash := strings.HasPrefix(line, "#")
	switch blank := p.offset() > p.from; {
	case !shellName().MatchString(before), blank && line != "" && !hash:
		return errShellBlank
	case !blank && hash: // no comment, because no blank precedes it
		return errShellBare
	}
	return nil
}

// shellBare refuses a bare value that a shell does not take as it is. A ~ is special at
// the start and after a colon.
func shellBare(text string) error {
	text = strings.Trim(strings.TrimSuffix(text, "\r"), " \t") // as line ends of Windows
	if strings.ContainsAny(text, shellSpecial) || strings.ContainsFunc(text, unicode.IsSpace) ||
		strings.HasPrefix(text, "~") || strings.Contains(text, ":~") {
		return errShellBare
	}
	return nil
}

// shellQuoted refuses text in double quotes that a shell would expand.
func shellQuoted(text string) error {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$', c == '`':
			return errExpanded
		case c != '\\':
		case i+1 == len(text) || !strings.ContainsRune("\"\\$`", rune(text[i+1])):
			return errBackslash
		default:
			i++
		}
	}
	return nil
}

// trailer returns what follows a closing quote on its line. A shell takes a # for a comment
// only after a blank, and other white space for a part of the value.
func (p *parser) trailer(text string) string {
	if !p.shell {
		return strings.TrimSpace(text)
	}
	if strings.HasPrefix(text, "#") {
		return "x" // a part of the value
	}
	return strings.Trim(strings.TrimSuffix(text, "\r"), " \t")
}
