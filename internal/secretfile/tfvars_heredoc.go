package secretfile

import (
	"bytes"
	"strings"
	"unicode"
)

// heredoc removes <<END or <<-END, the lines below it, and END. Backslashes stand for
// themselves in it. The minus removes the blanks that all of its lines begin with.
func (r *tfvars) heredoc() (string, error) {
	r.take(2)
	indented := strings.HasPrefix(r.rest, "-")
	if indented {
		r.take(1)
	}
	end := r.word()
	if end == "" || !strings.HasPrefix(r.rest, "\n") && !strings.HasPrefix(r.rest, "\r\n") {
		return "", errTfvars
	}
	r.take(strings.IndexByte(r.rest, '\n') + 1)
	var lines []string
	for {
		n := strings.IndexByte(r.rest, '\n')
		if n < 0 {
			return "", errTfvars // the line of END needs its end too
		}
		line := strings.TrimSuffix(r.rest[:n], "\r")
		if strings.Contains(line, "\r") {
			return "", errTfvars
		}
		if strings.TrimSpace(line) == end {
			r.take(len(line))
			break
		}
		lines = append(lines, r.take(n+1))
	}
	if indented && !unindent(lines) {
		return "", errTfvars
	}
	return heredocText(strings.Join(lines, ""))
}

// unindent removes the blanks that all lines begin with. Lines of blanks do not count. It
// reports false for blanks that Terraform counts in its own way.
func unindent(lines []string) bool {
	least, count := -1, make([]int, len(lines))
	for i, line := range lines {
		text := strings.TrimLeft(line, " \t")
		count[i] = len(line) - len(text)
		if strings.TrimSpace(line) == "" {
			count[i] = -1
			continue
		}
		if first := []rune(text)[0]; unicode.IsSpace(first) || unicode.In(first, unicode.M, unicode.Cf, unicode.Lm) || first > unicode.MaxASCII && unicode.Is(unicode.Sk, first) {
			return false
		}
		if least < 0 || count[i] < least {
			least = count[i]
		}
	}
	for i, n := range count {
		if n >= 0 {
			lines[i] = lines[i][least:]
		}
	}
	return true
}

// heredocText replaces the doubled signs before braces.
func heredocText(text string) (string, error) {
	inner := tfvars{rest: text}
	var b bytes.Buffer
	for {
		i := strings.IndexAny(inner.rest, "$%")
		if i < 0 {
			b.WriteString(inner.rest)
			return b.String(), nil
		}
		b.WriteString(inner.take(i))
		if err := inner.sign(&b); err != nil {
			return "", err
		}
	}
}
