package py

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Format is format.format(*args, **named).
func Format(format string, args []Value, named *Dict) string {
	var b strings.Builder
	auto := 0
	for {
		i := strings.IndexAny(format, "{}")
		if i < 0 {
			b.WriteString(format)
			return b.String()
		}
		b.WriteString(format[:i])
		if strings.HasPrefix(format[i+1:], format[i:i+1]) {
			b.WriteByte(format[i])
			format = format[i+2:]
			continue
		}
		if format[i] == '}' {
			panic(failed("ValueError", "Single '}' encountered in format string"))
		}
		closing := strings.IndexByte(format[i:], '}')
		if closing < 0 {
			panic(failed("ValueError", "expected '}' before end of string"))
		}
		s := field(format[i+1:i+closing], args, named, &auto)
		b.WriteString(s)
		format = format[i+closing+1:]
	}
}

var (
	fieldName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^.\[]*)((?:\.[^.\[]+|\[[^\]]*\])*)$`) })
	step      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.[^.\[]+|\[[^\]]*\]`) })
	layout    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?([0-9]+)?(,)?(?:\.([0-9]+))?([bdeEfFgGosxX%])?$`)
	})
)

// field is one {name!conversion:spec}.
func field(text string, args []Value, named *Dict, auto *int) string {
	text, how, _ := strings.Cut(text, ":")
	text, conversion, _ := strings.Cut(text, "!")
	m := fieldName().FindStringSubmatch(text)
	if m == nil {
		panic(failed("ValueError", "malformed field in a format string"))
	}
	v := argument(m[1], args, named, auto)
	for _, s := range step().FindAllString(m[2], -1) {
		v = follow(v, s)
	}
	if conversion == "r" {
		v = Repr(v)
	}
	return lay(v, how)
}

func argument(name string, args []Value, named *Dict, auto *int) Value {
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
			panic(failed("KeyError", "a format asks for a name that is not there"))
		}
		return v
	}
	if n >= len(args) {
		panic(failed("IndexError", "Replacement index %d out of range for positional args tuple", n))
	}
	return args[n]
}

func follow(v Value, step string) Value {
	key := Value(strings.Trim(step, ".[]"))
	if n, err := strconv.ParseInt(key.(string), 10, 64); err == nil {
		key = n
	}
	if v, ok := Index(v, key); ok {
		return v
	}
	panic(failed("KeyError", "a format string asks for what is not there"))
}

func lay(v Value, how string) string {
	if how == "" {
		return Str(v)
	}
	m := layout().FindStringSubmatch(how)
	if m == nil {
		panic(failed("ValueError", "Invalid format specifier"))
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
		return s.text(text)
	}
	if _, _, isInt, ok := number(v); !ok {
		panic(failed("TypeError", "unsupported format string passed to %s.__format__", TypeName(v)))
	} else if isInt && s.kind == "" {
		s.kind = "d"
	}
	s.zero = m[5] != "" || s.align == '='
	if s.align == 0 || s.align == '=' {
		s.align = '>'
	}
	return s.number(v)
}
