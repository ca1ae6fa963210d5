package secretfile

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"
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
