package py

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

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
	fieldName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^.\[]*)((?:\.[^.\[]+|\[[^\]]*\])*)$`) })
	step      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.[^.\[]+|\[[^\]]*\]`) })
	layout    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?([0-9]+)?(,)?(?:\.([0-9]+))?([bdeEfFgGosxX%])?$`)
	})
)

// field is one {name!conversion:spec}.
func field(text string, args []Value, named *Dict, auto *int) (string, error) {
	text, how, _ := strings.Cut(text, ":")
	text, conversion, _ := strings.Cut(text, "!")
	m := fieldName().FindStringSubmatch(text)
	if m == nil {
		return "", Errorf("ValueError", "malformed field in a format string")
	}
	v, err := argument(m[1], args, named, auto)
	if err != nil {
		return "", err
	}
	for _, s := range step().FindAllString(m[2], -1) {
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
	if v, ok := Index(v, key); ok {
		return v, nil
	}
	return nil, Errorf("KeyError", "a format string asks for what is not there")
}

func lay(v Value, how string) (string, error) {
	if how == "" {
		return Str(v)
	}
	m := layout().FindStringSubmatch(how)
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
