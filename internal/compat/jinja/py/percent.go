package py

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// verb is one conversion of %-formatting: %(key)flags width .precision letter.
var verb = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^%(?:\(([^)]*)\))?([-+ #0]*)(\*|[0-9]+)?(?:\.(\*|[0-9]+))?[hlL]?(.)`)
})

// percents is the state of one call of Percent.
type percents struct {
	args Tuple
	dict *Dict
	next int
}

// Percent is format % values.
func Percent(format string, values Value) string {
	p := &percents{args: Tuple{values}}
	if t, ok := values.(Tuple); ok {
		p.args = t
	}
	p.dict, _ = values.(*Dict)
	var b strings.Builder
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			b.WriteString(format)
			break
		}
		b.WriteString(format[:i])
		m := verb().FindStringSubmatch(format[i:])
		if m == nil {
			panic(failed("ValueError", "incomplete format"))
		}
		format = format[i+len(m[0]):]
		if m[5] == "%" {
			b.WriteByte('%')
			continue
		}
		b.WriteString(p.one(m))
	}
	if p.next < len(p.args) && p.dict == nil {
		panic(failed("TypeError", "not all arguments converted during string formatting"))
	}
	return b.String()
}

func (p *percents) one(m []string) string {
	s := spec{fill: ' ', align: '>', kind: m[5], precision: -1}
	for _, f := range m[2] {
		switch f {
		case '-':
			s.align = '<'
		case '+', ' ':
			s.sign = f
		case '0':
			s.zero = true
		case '#':
			s.alternate = true
		}
	}
	if m[3] == "*" || m[4] == "*" {
		panic(failed("ValueError", "a * in a format is not carried here"))
	}
	s.width, _ = strconv.Atoi(m[3])
	if m[4] != "" {
		s.precision = atMost(m[4], maxWidth)
	}
	return s.percent(p.value(m[0], m[1]))
}

func (p *percents) value(conversion, key string) Value {
	if strings.HasPrefix(conversion, "%(") {
		if p.dict == nil {
			panic(failed("TypeError", "format requires a mapping"))
		}
		v, ok := p.dict.Get(key)
		if !ok {
			panic(failed("KeyError", "a format asks for a key that is not there"))
		}
		return v
	}
	if p.next >= len(p.args) {
		panic(failed("TypeError", "not enough arguments for format string"))
	}
	p.next++
	return p.args[p.next-1]
}

func (s spec) percent(v Value) string {
	switch s.kind {
	case "s", "r":
		text := Str(v)
		if s.kind == "r" {
			text = Repr(v)
		}
		s.zero = false
		return s.text(text)
	case "c":
		text, _ := Text(v)
		return s.text(text)
	case "d", "i", "u":
		s.kind = "d"
		if f, ok := v.(float64); ok {
			if math.Abs(f) >= 1<<63 || math.IsNaN(f) {
				panic(failure{ErrRange})
			}
			v = int64(f)
		}
	}
	if s.align == '<' {
		s.zero = false
	}
	return s.number(v)
}

// spec is the format of one value.
type spec struct {
	fill      rune
	align     byte // < > ^ or 0: as the type has it
	sign      rune
	zero      bool
	alternate bool
	comma     bool
	width     int
	precision int // -1: none
	kind      string
}

func (s spec) text(text string) string {
	if s.precision >= 0 {
		runes := []rune(text)
		text = string(runes[:min(s.precision, len(runes))])
	}
	return s.pad(text)
}

// maxWidth bounds padding and decimals.
const maxWidth = 1 << 20

func (s spec) pad(text string) string {
	n := min(s.width, maxWidth) - utf8.RuneCountInString(text)
	if n <= 0 {
		return text
	}
	fill := string(s.fill)
	switch s.align {
	case '>':
		return strings.Repeat(fill, n) + text
	case '^':
		return strings.Repeat(fill, n/2) + text + strings.Repeat(fill, n-n/2)
	}
	return text + strings.Repeat(fill, n)
}

// number formats a number for the letters d x X o b e E f F g G and %.
func (s spec) number(v Value) string {
	i, f, isInt, ok := number(v)
	if !ok {
		panic(failed("TypeError", "%%%s format: a real number is required, not %s", s.kind, TypeName(v)))
	}
	var digits string
	negative := f < 0
	if base, known := map[string]int{"d": 10, "x": 16, "X": 16, "o": 8, "b": 2}[s.kind]; known {
		if !isInt {
			panic(failed("TypeError", "%%%s format: an integer is required, not %s", s.kind, TypeName(v)))
		}
		digits = strconv.FormatUint(magnitude(i), base)
		if s.alternate && base != 10 {
			digits = "0" + strings.ToLower(s.kind) + digits
		}
		if s.kind == "X" {
			digits = strings.ToUpper(digits)
		}
	} else {
		digits = s.float(f)
	}
	sign := ""
	switch {
	case negative:
		sign = "-"
	case s.sign != 0:
		sign = string(s.sign)
	}
	if s.comma {
		digits = commas(digits)
	}
	if n := s.width - len(sign) - len(digits); s.zero && n > 0 {
		digits = strings.Repeat("0", min(n, maxWidth)) + digits
	}
	return s.pad(sign + digits)
}

func (s spec) float(f float64) string {
	if f < 0 {
		f = -f
	}
	precision := s.precision
	if precision < 0 {
		precision = 6
	}
	switch s.kind {
	case "%":
		return strconv.FormatFloat(f*100, 'f', precision, 64) + "%"
	case "g", "G":
		text := strconv.FormatFloat(f, s.kind[0], max(precision, 1), 64)
		return text
	case "":
		if s.precision < 0 {
			return FloatRepr(f)
		}
		return strconv.FormatFloat(f, 'g', max(precision, 1), 64)
	case "e", "E":
		return strconv.FormatFloat(f, s.kind[0], precision, 64)
	}
	return strconv.FormatFloat(f, 'f', precision, 64)
}

func commas(digits string) string {
	whole, rest, dot := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		return whole + "." + rest
	}
	return whole
}

// atMost parses digits, and returns the limit for a larger number.
func atMost(digits string, limit int) int {
	n, _ := strconv.Atoi(digits) // the largest int where it does not fit one
	return min(n, limit)
}
