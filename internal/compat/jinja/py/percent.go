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
