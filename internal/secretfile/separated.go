package secretfile

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// separated is a table of two columns, name and value, with this character between
// them: RFC 4180 with another separator. The standard library's reader drops a CR
// before a line feed in quotes, which would change a value.
type separated byte

// header is the first line of a table. A table without it is read too.
func (sep separated) header() string { return "name" + string(sep) + "value" }

func (sep separated) parse(data []byte) ([]Entry, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	rest := strings.TrimPrefix(string(data), "\ufeff") // as spreadsheets write it
	var entries []Entry
	var head columns
	for line := 1; rest != ""; {
		fields, after, err := sep.record(rest)
		switch {
		case err != nil:
			return nil, &SyntaxError{line, err.Error()}
		case len(fields) == 1 && fields[0] == "": // an empty line
		case len(fields) != 2:
			return nil, &SyntaxError{line, "a line must have two fields, a name and a value"}
		case !head.seen:
			var isHeader bool
			if head, isHeader, err = columnsOf(fields); err != nil {
				return nil, &SyntaxError{line, err.Error()}
			}
			if isHeader {
				break
			}
			fallthrough
		default:
			entries = append(entries, entry(fields[head.name], fields[1-head.name], line))
		}
		line += strings.Count(rest[:len(rest)-len(after)], "\n")
		rest = after
	}
	return entries, nil
}

// columns tells which of the two columns has the names.
type columns struct {
	name int
	seen bool
}

// columnsOf reads the first record of a table. A header with other titles, which may be a
// secret too, is refused.
func columnsOf(fields []string) (head columns, isHeader bool, err error) {
	title := func(i int) string { return strings.ToLower(strings.TrimSpace(fields[i])) }
	is := func(titles []string, i int) bool { return slices.Contains(titles, title(i)) }
	ours := []string{"name", "value"}
	usual := append([]string{"key", "variable", "parameter", "id", "secret", "password"}, ours...) // of other programs
	switch {
	case title(0) == "name" && title(1) == "value":
		return columns{0, true}, true, nil
	case title(0) == "value" && title(1) == "name":
		return columns{1, true}, true, nil
	case is(ours, 0), is(ours, 1), is(usual, 0) && is(usual, 1):
		return head, false, errors.New("it looks like a header, with titles other than name and value: title the columns name and value, or put such a line first")
	}
	return columns{0, true}, false, nil
}

// record reads the fields of one line, which may have line breaks in quotes.
func (sep separated) record(text string) (fields []string, rest string, err error) {
	for {
		var field string
		if field, text, err = sep.field(text); err != nil {
			return nil, "", err
		}
		fields = append(fields, field)
		switch {
		case text == "":
			return fields, "", nil
		case text[0] == '\n':
			return fields, text[1:], nil
		case strings.HasPrefix(text, "\r\n"):
			return fields, text[2:], nil
		case text[0] != byte(sep):
			return nil, "", errors.New("unexpected text after the closing quote")
		}
		text = text[1:]
	}
}

func (sep separated) field(text string) (field, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, string(sep)+"\n")
		if end < 0 {
			return text, "", nil
		}
		if text[end] == '\n' && end > 0 && text[end-1] == '\r' {
			end--
		}
		if strings.Contains(text[:end], `"`) {
			return "", "", errors.New("a quote within a field that does not begin with one")
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for text = text[1:]; ; text = text[1:] {
		before, after, ok := strings.Cut(text, `"`)
		if !ok {
			return "", "", errors.New("its quote is not closed")
		}
		b.WriteString(before)
		if text = after; !strings.HasPrefix(text, `"`) {
			return b.String(), text, nil
		}
		b.WriteByte('"')
	}
}

func (sep separated) write(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(sep.header() + "\n")
	err := eachText(entries, func(name, value string) error {
		b.WriteString(sep.quote(name) + string(sep) + sep.quote(value) + "\n")
		return nil
	})
	return b.Bytes(), err
}

// quote puts a field in quotes where a reader may take it for another one. Readers
// differ on white space at the ends, and on empty fields.
func (sep separated) quote(s string) string {
	if s != "" && strings.TrimSpace(s) == s && !strings.ContainsAny(s, string(sep)+"\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
