package funcs

import (
	"bytes"
	"encoding/json"
	"strings"
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
		return "", Problem("the value is not UTF-8, which JSON cannot hold: use b64enc")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// NginxQuote returns s as one parameter of an nginx directive. A $ is refused:
// nginx expands variables inside quotes of either kind and has no escape for
// it.
func NginxQuote(s string) (string, error) {
	if err := noNUL(s); err != nil {
		return "", err
	}
	if strings.Contains(s, "$") {
		return "", Problem("the value holds a $, which nginx expands inside quotes and cannot escape")
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

func noNUL(s string) error {
	if strings.ContainsRune(s, 0) {
		return Problem("the value holds a zero byte, which no text file of this kind can hold")
	}
	return nil
}
