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
func Str(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case Undefined:
		Check(v.Loud)
		return ""
	}
	return Repr(v)
}

// Repr is repr(v).
func Repr(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return FloatRepr(v)
	case string:
		return Quote(v)
	case Markup:
		return "Markup(" + Quote(string(v)) + ")"
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
			return fmt.Sprintf("range(%d, %d)", v.Start, v.Stop)
		}
		return fmt.Sprintf("range(%d, %d, %d)", v.Start, v.Stop, v.Step)
	case Undefined:
		Check(v.Loud)
		return "Undefined"
	}
	// Python prints an address here, which is useless in a file.
	panic(failed("TypeError", "a %s cannot be printed", TypeName(v)))
}

func joined(open string, items []Value, closing string) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = Repr(item)
	}
	return open + strings.Join(parts, ", ") + closing
}

func dictRepr(d *Dict) string {
	parts := make([]string, 0, d.Len())
	for k, v := range d.All() {
		parts = append(parts, Repr(k)+": "+Repr(v))
	}
	return "{" + strings.Join(parts, ", ") + "}"
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
