package py

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/lazyregexp"
)

// verb is one conversion of %-formatting: %(key)flags width .precision letter.
var verb = lazyregexp.New(`^%(?:\(([^)]*)\))?([-+ #0]*)(\*|[0-9]+)?(?:\.(\*|[0-9]+))?[hlL]?(.)`)

// percents is one run of Percent over its values.
type percents struct {
	args Tuple
	dict *Dict
	next int
}

// Percent is format % values.
func Percent(format string, values Value) (string, error) {
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
		m := verb.FindStringSubmatch(format[i:])
		if m == nil {
			return "", Errorf("ValueError", "incomplete format")
		}
		format = format[i+len(m[0]):]
		if m[5] == "%" {
			b.WriteByte('%')
			continue
		}
		s, err := p.one(m)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	if p.next < len(p.args) && p.dict == nil {
		return "", Errorf("TypeError", "not all arguments converted during string formatting")
	}
	return b.String(), nil
}

func (p *percents) one(m []string) (string, error) {
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
		return "", Errorf("ValueError", "a * in a format is not carried here")
	}
	s.width, _ = strconv.Atoi(m[3])
	if m[4] != "" {
		s.precision = atMost(m[4], maxWidth)
	}
	v, err := p.value(m[0], m[1])
	if err != nil {
		return "", err
	}
	return s.percent(v)
}

func (p *percents) value(conversion, key string) (Value, error) {
	if strings.HasPrefix(conversion, "%(") {
		if p.dict == nil {
			return nil, Errorf("TypeError", "format requires a mapping")
		}
		v, ok := p.dict.Get(key)
		if !ok {
			return nil, Errorf("KeyError", "a format asks for a key that is not there")
		}
		return v, nil
	}
	if p.next >= len(p.args) {
		return nil, Errorf("TypeError", "not enough arguments for format string")
	}
	p.next++
	return p.args[p.next-1], nil
}

// spec is how one value is laid out.
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

func (s spec) percent(v Value) (string, error) {
	switch s.kind {
	case "s", "r":
		text, err := Str(v)
		if s.kind == "r" {
			text, err = Repr(v)
		}
		s.zero = false
		return s.text(text), err
	case "c":
		text, _ := Text(v)
		return s.text(text), nil
	case "d", "i", "u":
		s.kind = "d"
		if f, ok := v.(float64); ok {
			v = int64(f)
		}
	}
	if s.align == '<' {
		s.zero = false
	}
	return s.number(v)
}

func (s spec) text(text string) string {
	if s.precision >= 0 {
		runes := []rune(text)
		text = string(runes[:min(s.precision, len(runes))])
	}
	return s.pad(text)
}

// maxWidth bounds padding, and the digits behind a point.
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

// number lays a number out by the letters d x X o b e E f F g G and %.
func (s spec) number(v Value) (string, error) {
	i, f, isInt, ok := number(v)
	if !ok {
		return "", Errorf("TypeError", "%%%s format: a real number is required, not %s", s.kind, TypeName(v))
	}
	var digits string
	negative := f < 0
	if base, known := map[string]int{"d": 10, "x": 16, "X": 16, "o": 8, "b": 2}[s.kind]; known {
		if !isInt {
			return "", Errorf("TypeError", "%%%s format: an integer is required, not %s", s.kind, TypeName(v))
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
	return s.pad(sign + digits), nil
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

// atMost reads digits; of a number that is larger, the limit.
func atMost(digits string, limit int) int {
	n, _ := strconv.Atoi(digits) // the largest int where it does not fit one
	return min(n, limit)
}

// Format is format.format(*args, **named).
func Format(format string, args []Value, named *Dict) (string, error) {
	var b strings.Builder
	auto := 0
	for {
		i := strings.IndexAny(format, "{}")
		if i < 0 {
			b.WriteString(format)
			return b.String(), nil
		}
		b.WriteString(format[:i])
		if strings.HasPrefix(format[i+1:], format[i:i+1]) {
			b.WriteByte(format[i])
			format = format[i+2:]
			continue
		}
		if format[i] == '}' {
			return "", Errorf("ValueError", "Single '}' encountered in format string")
		}
		closing := strings.IndexByte(format[i:], '}')
		if closing < 0 {
			return "", Errorf("ValueError", "expected '}' before end of string")
		}
		s, err := field(format[i+1:i+closing], args, named, &auto)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
		format = format[i+closing+1:]
	}
}

var (
	fieldName = lazyregexp.New(`^([^.\[]*)((?:\.[^.\[]+|\[[^\]]*\])*)$`)
	step      = lazyregexp.New(`\.[^.\[]+|\[[^\]]*\]`)
	layout    = lazyregexp.New(`^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?([0-9]+)?(,)?(?:\.([0-9]+))?([bdeEfFgGosxX%])?$`)
)

// field is one {name!conversion:spec}.
func field(text string, args []Value, named *Dict, auto *int) (string, error) {
	text, how, _ := strings.Cut(text, ":")
	text, conversion, _ := strings.Cut(text, "!")
	m := fieldName.FindStringSubmatch(text)
	if m == nil {
		return "", Errorf("ValueError", "malformed field in a format string")
	}
	v, err := argument(m[1], args, named, auto)
	if err != nil {
		return "", err
	}
	for _, s := range step.FindAllString(m[2], -1) {
		if v, err = follow(v, s); err != nil {
			return "", err
		}
	}
	if conversion == "r" {
		if v, err = Repr(v); err != nil {
			return "", err
		}
	}
	return lay(v, how)
}

func argument(name string, args []Value, named *Dict, auto *int) (Value, error) {
	if name == "" {
		name = strconv.Itoa(*auto)
		*auto++
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		v, ok := Value(nil), false
		if named != nil {
			v, ok = named.Get(name)
		}
		if !ok {
			return nil, Errorf("KeyError", "a format asks for a name that is not there")
		}
		return v, nil
	}
	if n >= len(args) {
		return nil, Errorf("IndexError", "Replacement index %d out of range for positional args tuple", n)
	}
	return args[n], nil
}

func follow(v Value, step string) (Value, error) {
	key := Value(strings.Trim(step, ".[]"))
	if n, err := strconv.ParseInt(key.(string), 10, 64); err == nil {
		key = n
	}
	if v, ok, err := Index(v, key); ok || err != nil {
		return v, err
	}
	return nil, Errorf("KeyError", "a format string asks for what is not there")
}

func lay(v Value, how string) (string, error) {
	if how == "" {
		return Str(v)
	}
	m := layout.FindStringSubmatch(how)
	if m == nil {
		return "", Errorf("ValueError", "Invalid format specifier")
	}
	s := spec{fill: ' ', precision: -1, alternate: m[4] != "", comma: m[7] != "", kind: m[9]}
	if m[1] != "" {
		s.fill, _ = utf8.DecodeRuneInString(m[1])
	}
	if m[2] != "" {
		s.align = m[2][0]
	}
	if m[3] != "" {
		s.sign = rune(m[3][0])
	}
	s.width, _ = strconv.Atoi(m[6])
	if m[8] != "" {
		s.precision = atMost(m[8], maxWidth)
	}
	if text, ok := Text(v); ok {
		if m[5] != "" && m[1] == "" {
			s.fill = '0'
		}
		return s.text(text), nil
	}
	if _, _, isInt, ok := number(v); !ok {
		return "", Errorf("TypeError", "unsupported format string passed to %s.__format__", TypeName(v))
	} else if isInt && s.kind == "" {
		s.kind = "d"
	}
	s.zero = m[5] != "" || s.align == '='
	if s.align == 0 || s.align == '=' {
		s.align = '>'
	}
	return s.number(v)
}
