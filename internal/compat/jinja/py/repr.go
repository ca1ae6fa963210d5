package py

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Str is str(v).
func Str(v Value) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case Markup:
		return string(v), nil
	case Undefined:
		return "", v.Loud
	}
	return Repr(v)
}

// Repr is repr(v).
func Repr(v Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "None", nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return FloatRepr(v), nil
	case string:
		return Quote(v), nil
	case Markup:
		return "Markup(" + Quote(string(v)) + ")", nil
	case *List:
		return joined("[", v.Items, "]")
	case Tuple:
		if len(v) == 1 {
			return joined("(", v, ",)")
		}
		return joined("(", v, ")")
	case *Dict:
		return dictRepr(v)
	case *Group:
		return Repr(v.tuple())
	case *View:
		return joined(v.Kind+"([", v.Items, "])")
	case Range:
		if v.Step == 1 {
			return fmt.Sprintf("range(%d, %d)", v.Start, v.Stop), nil
		}
		return fmt.Sprintf("range(%d, %d, %d)", v.Start, v.Stop, v.Step), nil
	case Undefined:
		if v.Loud != nil {
			return "", v.Loud
		}
		return "Undefined", nil
	}
	// Python prints an address here, which is useless in a file.
	return "", Errorf("TypeError", "a %s cannot be printed", TypeName(v))
}

func joined(open string, items []Value, closing string) (string, error) {
	parts := make([]string, len(items))
	for i, item := range items {
		var err error
		if parts[i], err = Repr(item); err != nil {
			return "", err
		}
	}
	return open + strings.Join(parts, ", ") + closing, nil
}

func dictRepr(d *Dict) (string, error) {
	parts := make([]string, 0, d.Len())
	for k, v := range d.All() {
		key, err := Repr(k)
		if err != nil {
			return "", err
		}
		value, err := Repr(v)
		if err != nil {
			return "", err
		}
		parts = append(parts, key+": "+value)
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}

// FloatRepr is repr of a float: the shortest digits that read back the same.
func FloatRepr(f float64) string {
	switch {
	case math.IsInf(f, 0):
		return strings.Replace(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+", "", 1)
	case math.IsNaN(f):
		return "nan"
	case f != 0 && (math.Abs(f) >= 1e16 || math.Abs(f) < 1e-4):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// Quote is repr of a str. Bytes that are not UTF-8 print as Python's surrogate escapes.
func Quote(s string) string {
	mark := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	var b strings.Builder
	b.WriteByte(mark)
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(r)):
			fmt.Fprintf(&b, `\udc%02x`, s[i])
		case escape(&b, r, rune(mark)):
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(mark)
	return b.String()
}

// escape writes the escapes that repr and JSON have in common: quotation mark, backslash,
// line ends and tab.
func escape(b *strings.Builder, r, mark rune) bool {
	switch r {
	case mark, '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case '\n':
		b.WriteString(`\n`)
	case '\r':
		b.WriteString(`\r`)
	case '\t':
		b.WriteString(`\t`)
	default:
		return false
	}
	return true
}

// CSVField quotes a field as Python's csv module does (3.13 quotes a lone "\r" too).
func CSVField(s string) string {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
