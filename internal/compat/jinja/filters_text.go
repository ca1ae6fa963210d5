package jinja

import (
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

func textFilters() map[string]filter {
	return map[string]filter{
		"upper":      textFilter(func(s string) py.Value { return py.Upper(s) }),
		"lower":      textFilter(func(s string) py.Value { return strings.ToLower(s) }),
		"capitalize": textFilter(func(s string) py.Value { return py.Capitalize(s) }),
		"title":      textFilter(func(s string) py.Value { return title(s) }),
		"trim": func(c *call, v py.Value) py.Value {
			return py.Like(v, py.Strip(py.Str(v), c.arg(0, "chars", nil), true, true))
		},
		"replace": func(c *call, v py.Value) py.Value {
			s := py.Str(v)
			before, after, n := c.text(0, "old", ""), c.text(1, "new", ""), c.arg(2, "count", nil)
			count := int64(-1)
			if n != nil {
				count, _ = py.Int(n)
			}
			return strings.Replace(s, before, after, int(count))
		},
		"striptags": textFilter(func(s string) py.Value { return stripTags(s) }),
		"wordcount": textFilter(func(s string) py.Value { return int64(len(words().FindAllString(s, -1))) }),
		"urlencode": urlEncode,
		"format": func(c *call, v py.Value) py.Value {
			c.open = true
			s := py.Str(v)
			values := py.Value(py.Tuple(c.args))
			if c.named.Len() > 0 {
				values = c.named
			}
			return py.Like(v, py.Percent(s, values))
		},
		"indent":   indent,
		"truncate": truncate,
		"wordwrap": wordWrap,
		"center": func(c *call, v py.Value) py.Value {
			s := py.Str(v)
			center, _ := py.Method(s, "center")
			return center([]py.Value{c.int(0, "width", 80)}, nil)
		},
	}
}

var (
	words      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\pL\pN_]+`) })
	wordStarts = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[-\s({\[<]+`) })
	tags       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`) })
)

// title capitalizes each word. A word begins after one of - ( { [ < or white space.
func title(s string) string {
	var b strings.Builder
	word := func(w string) {
		r, n := utf8.DecodeRuneInString(w)
		if n > 0 {
			b.WriteString(string(unicode.ToUpper(r)) + strings.ToLower(w[n:]))
		}
	}
	at := 0
	for _, m := range wordStarts().FindAllStringIndex(s, -1) {
		word(s[at:m[0]])
		b.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	word(s[at:])
	return b.String()
}

func stripTags(s string) string {
	return html.UnescapeString(strings.Join(strings.Fields(tags().ReplaceAllString(s, "")), " "))
}

// quoted is urllib.parse.quote with further safe characters.
func quoted(s, safe string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.-~"+safe, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func urlEncode(_ *call, v py.Value) py.Value {
	var pairs []py.Value
	switch x := v.(type) {
	case *py.Dict:
		pairs = x.Pairs()
	case *py.List:
		pairs = x.Items
	case py.Tuple:
		pairs = x
	default:
		return quoted(py.Str(v), "/")
	}
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		kv, err := py.Caught(func() []py.Value { return py.Items(p) })
		if err != nil || len(kv) != 2 {
			return py.Raise("ValueError", "urlencode takes text, a mapping or pairs")
		}
		for j, side := range kv {
			s := py.Str(side)
			parts[i] += []string{"", "="}[j] + strings.ReplaceAll(quoted(s, ""), "%20", "+")
		}
	}
	return strings.Join(parts, "&")
}

func indent(c *call, v py.Value) py.Value {
	s := py.Str(v)
	width, first, blank := c.arg(0, "width", int64(4)), c.bool(1, "first", false), c.bool(2, "blank", false)
	by, ok := py.Text(width)
	if !ok {
		n, _ := py.Int(width)
		by = strings.Repeat(" ", int(min(max(n, 0), 1024)))
	}
	lines := py.SplitLines(s+"\n", false).Items // as in Jinja2, which adds a newline for a blank last line
	for i := range lines {
		if line := lines[i].(string); i > 0 && (blank || line != "") {
			lines[i] = by + line
		}
	}
	text := joinText(lines, "\n")
	if first {
		text = by + text
	}
	return py.Like(v, text)
}

func joinText(items []py.Value, sep string) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i], _ = py.Text(item)
	}
	return strings.Join(parts, sep)
}

func truncate(c *call, v py.Value) py.Value {
	s := py.Str(v)
	length, kill := int(c.int(0, "length", 255)), c.bool(1, "killwords", false)
	dots, leeway := c.text(2, "end", "..."), int(c.int(3, "leeway", 5))
	runes, mark := []rune(s), utf8.RuneCountInString(dots)
	if length < mark || leeway < 0 {
		return py.Raise("AssertionError", "expected length >= %d, got %d", mark, length)
	}
	if len(runes) <= length+leeway {
		return v
	}
	cut := string(runes[:length-mark])
	if i := strings.LastIndexByte(cut, ' '); !kill && i >= 0 {
		cut = cut[:i]
	}
	return py.Like(v, cut+dots)
}

// wordWrap wraps each line at width, and breaks longer words.
func wordWrap(c *call, v py.Value) py.Value {
	s := py.Str(v)
	width, breaks := int(c.int(0, "width", 79)), c.bool(1, "break_long_words", true)
	sep := c.text(2, "wrapstring", "\n")
	if width <= 0 {
		return py.Raise("ValueError", "invalid width %d (must be > 0)", width)
	}
	var lines []string
	for _, line := range py.SplitLines(s, false).Items {
		lines = append(lines, strings.Join(wrapLine(line.(string), width, breaks), sep))
	}
	return py.Like(v, strings.Join(lines, sep))
}

var chunks = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s+|[^\s]+`) })

func wrapLine(line string, width int, breaks bool) []string {
	var out []string
	now := ""
	flush := func() {
		if t := strings.TrimRightFunc(now, unicode.IsSpace); t != "" {
			out = append(out, t)
		}
		now = ""
	}
	for _, chunk := range chunks().FindAllString(line, -1) {
		blank := strings.TrimSpace(chunk) == ""
		if utf8.RuneCountInString(now+chunk) > width {
			flush()
			if blank {
				continue
			}
		}
		for r := []rune(chunk); breaks && len(r) > width; r = []rune(chunk) {
			out = append(out, string(r[:width]))
			chunk = string(r[width:])
		}
		now += chunk
	}
	flush()
	return out
}
