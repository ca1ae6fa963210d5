package py

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Upper is s.upper().
func Upper(s string) string {
	return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS")) // the only special case of Python's in common use that Go lacks
}

// IsUpper is s.isupper().
func IsUpper(s string) bool { return s == strings.ToUpper(s) && s != strings.ToLower(s) }

// IsLower is s.islower().
func IsLower(s string) bool { return s == strings.ToLower(s) && s != strings.ToUpper(s) }

func swap(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// titled is s.title().
func titled(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		was := inWord
		inWord = unicode.IsLetter(r)
		switch {
		case !inWord:
			return r
		case was:
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

// Capitalize is s.capitalize().
func Capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// Strip is s.strip(chars), where nil means white space.
func Strip(s string, chars Value, left, right bool) string {
	cut := unicode.IsSpace
	if set, ok := Text(chars); ok {
		cut = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

func split(s string, a *arguments, fromRight bool) Value {
	limit := int(a.int(1, -1))
	sep := a.optional(0, nil)
	var parts []string
	if sep == nil {
		parts = fields(s, limit, fromRight)
	} else {
		by := a.text(0)
		if by == "" {
			panic(failed("ValueError", "empty separator"))
		}
		parts = strings.Split(s, by)
		if n := len(parts) - 1; limit >= 0 && n > limit {
			if fromRight {
				head := strings.Join(parts[:n-limit+1], by)
				parts = append([]string{head}, parts[n-limit+1:]...)
			} else {
				parts = strings.SplitN(s, by, limit+1)
			}
		}
	}
	l := NewList()
	for _, p := range parts {
		l.Items = append(l.Items, p)
	}
	return l
}

// fields splits at white space, at most limit times.
func fields(s string, limit int, fromRight bool) []string {
	if limit < 0 {
		return strings.Fields(s)
	}
	var parts []string
	for s = strings.TrimSpace(s); s != "" && len(parts) < limit; {
		if fromRight {
			i := strings.LastIndexFunc(s, unicode.IsSpace)
			parts = append([]string{s[i+1:]}, parts...)
			s = strings.TrimRightFunc(s[:i+1], unicode.IsSpace)
			continue
		}
		i := strings.IndexFunc(s, unicode.IsSpace)
		if i < 0 {
			i = len(s)
		}
		parts = append(parts, s[:i])
		s = strings.TrimLeftFunc(s[i:], unicode.IsSpace)
	}
	switch {
	case s == "":
		return parts
	case fromRight:
		return append([]string{s}, parts...)
	}
	return append(parts, s)
}

// SplitLines is s.splitlines(keepends).
func SplitLines(s string, keep bool) *List {
	l := NewList()
	for s != "" {
		i := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if i < 0 {
			l.Items = append(l.Items, s)
			break
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		line := s[:i]
		if keep {
			line = s[:i+n]
		}
		l.Items = append(l.Items, line)
		s = s[i+n:]
	}
	return l
}

func partition(s, sep string, last bool) Value {
	i := strings.Index(s, sep)
	if last {
		i = strings.LastIndex(s, sep)
	}
	switch {
	case i >= 0:
		return Tuple{s[:i], sep, s[i+len(sep):]}
	case last:
		return Tuple{"", "", s}
	}
	return Tuple{s, "", ""}
}

func joinMethod(s string, a *arguments) Value {
	items := Items(a.value(0))
	parts := make([]string, len(items))
	for i, item := range items {
		text, ok := Text(item)
		if !ok {
			panic(failed("TypeError", "sequence item %d: expected str instance, %s found", i, TypeName(item)))
		}
		parts[i] = text
	}
	return strings.Join(parts, s)
}

func affix(s string, a *arguments, has func(string, string) bool) Value {
	if t, ok := a.value(0).(Tuple); ok {
		return slices.ContainsFunc(t, func(v Value) bool { text, ok := Text(v); return ok && has(s, text) })
	}
	return has(s, a.text(0))
}

func position(s string, at int) Value {
	if at < 0 {
		return int64(-1)
	}
	return int64(utf8.RuneCountInString(s[:at]))
}

func padded(s string, a *arguments, align byte) Value {
	fill := ' '
	if len(a.args) > 1 {
		fill, _ = utf8.DecodeRuneInString(a.text(1))
	}
	return spec{fill: fill, align: align, width: int(min(a.int(0, 0), maxWidth)), precision: -1}.pad(s)
}

func zfill(s string, width int) string {
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	return sign + strings.Repeat("0", max(0, width-len(sign)-utf8.RuneCountInString(s))) + s
}

func expandTabs(s string, size int) string {
	var b strings.Builder
	column := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - column%size
			b.WriteString(strings.Repeat(" ", n))
			column += n
		case r == '\t':
		case r == '\n' || r == '\r':
			b.WriteRune(r)
			column = 0
		default:
			b.WriteRune(r)
			column++
		}
	}
	return b.String()
}

// Markup is a string that is already escaped.
type Markup string

// Like gives s the type of v, which is a string or Markup.
func Like(v Value, s string) Value {
	if _, ok := v.(Markup); ok {
		return Markup(s)
	}
	return s
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

// Escape escapes text for HTML, unless it is Markup.
func Escape(v Value) Markup {
	if m, ok := v.(Markup); ok {
		return m
	}
	return Markup(escaper.Replace(Str(v)))
}
