package py

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
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
		m := verb().FindStringSubmatch(format[i:])
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
			if math.Abs(f) >= 1<<63 || math.IsNaN(f) {
				return "", ErrRange
			}
			v = int64(f)
		}
	}
	if s.align == '<' {
		s.zero = false
	}
	return s.number(v)
}
