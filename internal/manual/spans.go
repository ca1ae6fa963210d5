package manual

import "strings"

// span is a run of text in one style.
type span struct {
	text  string
	style style
	link  string // where a link leads; it is set on each span of the link's text
}

type style int

const (
	normal style = iota
	code
	bold
	emphasis
)

// spans splits Markdown into runs of one style.
func spans(text string) (list []span) {
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			list = append(list, span{text: run.String()})
			run.Reset()
		}
	}
	for text != "" {
		found, n := next(text)
		if n == 0 {
			run.WriteByte(text[0])
			text = text[1:]
			continue
		}
		flush()
		list, text = append(list, found...), text[n:]
	}
	flush()
	return list
}

// next reads what is marked at the beginning of text, and returns how long it is: 0 if
// the text begins with an ordinary character.
func next(text string) ([]span, int) {
	switch text[0] {
	case '\\':
		if len(text) > 1 && strings.IndexByte("\\`*_[]<>|#", text[1]) >= 0 {
			return []span{{text: text[1:2]}}, 2
		}
	case '`':
		return codeSpan(text)
	case '[':
		return linkSpan(text)
	case '<':
		if end := strings.IndexByte(text, '>'); end > 0 && strings.HasPrefix(text, "<http") {
			return []span{{text: text[1:end]}}, end + 1
		}
	case '*':
		if strings.HasPrefix(text, "**") {
			return marked(text, "**", bold)
		}
		return marked(text, "*", emphasis)
	}
	return nil, 0
}

// codeSpan reads code between equal runs of backticks.
func codeSpan(text string) ([]span, int) {
	ticks := text[:len(text)-len(strings.TrimLeft(text, "`"))]
	inner, _, ok := strings.Cut(text[len(ticks):], ticks)
	if !ok {
		return nil, 0
	}
	n := len(inner) + 2*len(ticks)
	if strings.HasPrefix(inner, " ") && strings.HasSuffix(inner, " ") && strings.TrimSpace(inner) != "" {
		inner = inner[1 : len(inner)-1] // CommonMark removes one space on each side
	}
	return []span{{text: inner, style: code}}, n
}

func marked(text, mark string, as style) ([]span, int) {
	inner, _, ok := strings.Cut(text[len(mark):], mark)
	if !ok || inner == "" || strings.TrimSpace(inner) != inner {
		return nil, 0
	}
	list := spans(inner)
	for i := range list {
		if list[i].style == normal {
			list[i].style = as
		}
	}
	return list, len(inner) + 2*len(mark)
}

// linkSpan reads [text](target).
func linkSpan(text string) ([]span, int) {
	label, rest, ok := strings.Cut(text[1:], "](")
	if !ok || strings.ContainsAny(label, "[]") {
		return nil, 0
	}
	target, _, ok := strings.Cut(rest, ")")
	if !ok {
		return nil, 0
	}
	list := spans(label)
	for i := range list {
		list[i].link = target
	}
	if strings.Contains(target, "://") && target != label {
		list = append(list, span{text: " <" + target + ">"})
	}
	return list, len(label) + len(target) + 4
}

// plain returns Markdown without its marks.
func plain(text string) string {
	var b strings.Builder
	for _, s := range spans(text) {
		b.WriteString(s.text)
	}
	return b.String()
}

// Escape returns plain text as Markdown.
func Escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*[<", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Quote returns text as code in Markdown. Line breaks become visible.
func Quote(text string) string {
	text = strings.ReplaceAll(text, "\n", "↵")
	ticks := "`"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	if ticks != "`" || strings.HasPrefix(text, " ") {
		return ticks + " " + text + " " + ticks
	}
	return ticks + text + ticks
}
