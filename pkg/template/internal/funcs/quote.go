package funcs

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// ShellQuote returns s as one word of a POSIX shell, always in single quotes.
func ShellQuote(s string) (string, error) {
	if err := noNUL(s); err != nil {
		return "", err
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", nil
}

// EnvQuote returns s as the value of a NAME=VALUE line that a POSIX shell and
// systemd's EnvironmentFile= read alike: bare where that is safe, in single
// quotes where it can be, else in double quotes
// (https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html).
// Newlines stand as they are inside the quotes.
func EnvQuote(s string) (string, error) {
	const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	if err := noNUL(s); err != nil {
		return "", err
	}
	switch {
	case s != "" && strings.Trim(s, bare) == "":
		return s, nil
	case !strings.Contains(s, "'"):
		return "'" + s + "'", nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(s) + `"`, nil
}

// JSONQuote returns s as a JSON string, quotes included, with <, > and & as
// they are.
func JSONQuote(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", Problem("the value is not UTF-8, which JSON cannot contain: use b64enc")
	}
	return RawJSON(s)
}

// NginxQuote returns s as one parameter of an nginx directive. A $ is refused:
// nginx expands variables inside quotes of either kind and has no escape for
// it.
func NginxQuote(s string) (string, error) {
	if err := noNUL(s); err != nil {
		return "", err
	}
	if strings.Contains(s, "$") {
		return "", Problem("the value contains a $, which nginx expands inside quotes and cannot escape")
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// PgpassQuote returns s as one field of libpq's password file, for which : and \ are
// special (https://www.postgresql.org/docs/current/libpq-pgpass.html). A field that is
// only * would match everything, and a # that begins the line would make it a comment,
// so both are escaped too.
func PgpassQuote(s string) (string, error) {
	if err := noNUL(s); err != nil {
		return "", err
	}
	if strings.ContainsAny(s, "\r\n") {
		return "", Problem("the value contains a line break, which pgpass cannot contain")
	}
	quoted := strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(s)
	if s == "*" || strings.HasPrefix(s, "#") {
		quoted = `\` + quoted
	}
	return quoted, nil
}

// INIQuote returns s as a value of an INI file that Python's configparser reads with its
// default interpolation: a % is doubled. configparser has no quotes, so white space at
// either end is lost, and a line break ends the value.
func INIQuote(s string) (string, error) {
	if err := noNUL(s); err != nil {
		return "", err
	}
	switch {
	case !utf8.ValidString(s):
		return "", Problem("the value is not UTF-8, which INI readers refuse: use b64enc")
	case strings.ContainsAny(s, "\r\n"):
		return "", Problem("the value contains a line break, which INI cannot contain")
	case strings.TrimFunc(s, isPythonSpace) != s:
		return "", Problem("the value begins or ends with white space, which INI readers remove; use trim first")
	}
	return strings.ReplaceAll(s, "%", "%%"), nil
}

// isPythonSpace reports what Python's str.strip removes: besides Unicode's white space
// the four separators of ASCII.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// PropertiesQuote returns s as a key or value of a Java properties file. All but
// printable ASCII is escaped, because Properties.load reads ISO 8859-1 from a stream
// and anything from a Reader.
func PropertiesQuote(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", Problem("the value is not UTF-8, which a Java string cannot contain: use b64enc")
	}
	var b strings.Builder
	for i, r := range s {
		atEnd := i == 0 || i == len(s)-1
		switch {
		case strings.ContainsRune(`\=:#!`, r), r == ' ' && atEnd:
			b.WriteString(`\` + string(r))
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04X`, unit)
			}
		}
	}
	return b.String(), nil
}

// XMLQuote returns s as it stands in an XML element or in an attribute with quotes of
// either kind. Tabs and line breaks are character references, because parsers normalize
// them in attributes.
func XMLQuote(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", Problem("the value is not UTF-8, which XML cannot contain: use b64enc")
	}
	// https://www.w3.org/TR/xml/#charsets: encoding/xml writes U+FFFD for what is not in it.
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0xfffe || r == 0xffff }) {
		return "", Problem("the value contains a control character, which XML 1.0 cannot contain: use b64enc")
	}
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

func noNUL(s string) error {
	if strings.ContainsRune(s, 0) {
		return Problem("the value contains a zero byte, which text files of this kind cannot contain")
	}
	return nil
}
