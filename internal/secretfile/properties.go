package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseProperties reads what java.util.Properties reads
// (https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)),
// in UTF-8. A duplicate key is an error here, as in every format.
func parseProperties(data []byte) ([]Entry, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Msg: `not UTF-8: write other characters as \uXXXX`}
	}
	var entries []Entry
	lines := naturalLines(string(data))
	for i := 0; i < len(lines); i++ {
		at, line := i+1, strings.TrimLeft(lines[i], " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		for isContinued(line) {
			line = line[:len(line)-1]
			if i++; i == len(lines) {
				break
			}
			line += strings.TrimLeft(lines[i], " \t\f")
		}
		name, value, err := property(line)
		if err != nil {
			return nil, &SyntaxError{at, err.Error()}
		}
		entries = append(entries, entry(name, value, at))
	}
	return entries, nil
}

func naturalLines(text string) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff")), "\n")
}

// isContinued reports whether a line ends in a backslash that is not escaped.
func isContinued(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// property divides a logical line at the first =, : or white space that is not escaped.
func property(line string) (name, value string, err error) {
	end := 0
	for end < len(line) && !strings.ContainsRune("=: \t\f", rune(line[end])) {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	rest := strings.TrimLeft(line[end:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], " \t\f")
	}
	name, errName := unescapeProperty(line[:end])
	value, errValue := unescapeProperty(rest)
	return name, value, errors.Join(errName, errValue)
}

func unescapeProperty(s string) (string, error) {
	var units []uint16
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r != '\\' || i == len(s) {
			units = utf16.AppendRune(units, r)
			continue
		}
		r, size = utf8.DecodeRuneInString(s[i:])
		i += size
		switch r {
		case 'u':
			unit, err := strconv.ParseUint(s[i:min(i+4, len(s))], 16, 16)
			if err != nil || i+4 > len(s) {
				return "", errors.New(`\u is not followed by four hex digits`)
			}
			units = append(units, uint16(unit))
			i += 4
		case 'n', 'r', 't', 'f':
			r = map[rune]rune{'n': '\n', 'r': '\r', 't': '\t', 'f': '\f'}[r]
			fallthrough
		default:
			units = utf16.AppendRune(units, r)
		}
	}
	text := utf16.Decode(units)
	if back := utf16.Encode(text); !slices.Equal(back, units) {
		return "", errors.New(`half a surrogate pair (\ud800 to \udfff), which is not a character`)
	}
	return string(text), nil
}

// writeProperties writes ASCII only: readers disagree on the encoding of files.
func writeProperties(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	err := eachText(entries, func(name, value string) error {
		b.WriteString(escapeProperty(name, true) + "=" + escapeProperty(value, false) + "\n")
		return nil
	})
	return b.Bytes(), err
}

func escapeProperty(s string, isName bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case strings.ContainsRune(`\=:#!`, r), r == ' ' && (isName || i == 0 || i == len(s)-1):
			b.WriteString(`\` + string(r))
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04X`, unit)
			}
		}
	}
	return b.String()
}
