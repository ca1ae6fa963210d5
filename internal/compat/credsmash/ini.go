package credsmash

import (
	"fmt"
	"strings"
)

// parseINI parses a config like Python's RawConfigParser: keys become lower case, more
// indented lines continue a value, "#" and ";" begin comment lines, [DEFAULT] applies to
// all sections, and duplicates are errors. In credsmash, a value that begins on the next
// line is a list of pairs.
func parseINI(text string) (map[string]section, error) {
	p := &iniParser{raw: map[string]map[string][]string{}}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	sections := map[string]section{}
	for title, options := range p.raw {
		if title == "DEFAULT" {
			continue
		}
		sections[title] = section{}
		for _, from := range []map[string][]string{p.raw["DEFAULT"], options} {
			for key, lines := range from {
				v, err := valueOf(strings.TrimRight(strings.Join(lines, "\n"), " \t\n"))
				if err != nil {
					return nil, fmt.Errorf("[%s] %s: %w", title, key, err)
				}
				sections[title][key] = v
			}
		}
	}
	return sections, nil
}

type iniParser struct {
	raw    map[string]map[string][]string
	title  string
	key    string
	indent int
}

func (p *iniParser) line(line string) error {
	trimmed := strings.TrimSpace(line)
	options := p.raw[p.title]
	if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
		if trimmed == "" && p.key != "" {
			options[p.key] = append(options[p.key], "")
		}
		return nil
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if p.key != "" && indent > p.indent {
		options[p.key] = append(options[p.key], trimmed)
		return nil
	}
	p.indent = indent
	if closing := strings.LastIndexByte(trimmed, ']'); trimmed[0] == '[' && closing > 0 {
		p.title, p.key = trimmed[1:closing], ""
		if _, twice := p.raw[p.title]; twice && p.title != "DEFAULT" {
			return fmt.Errorf("duplicate section [%s]", p.title)
		}
		p.raw[p.title] = map[string][]string{}
		return nil
	}
	at := strings.IndexAny(trimmed, "=:")
	switch {
	case p.title == "":
		return fmt.Errorf("no section is open")
	case at <= 0:
		return fmt.Errorf("neither a section, nor key = value")
	}
	p.key = strings.ToLower(strings.TrimSpace(trimmed[:at]))
	if _, twice := options[p.key]; twice {
		return fmt.Errorf("duplicate key %s in [%s]", p.key, p.title)
	}
	options[p.key] = []string{strings.TrimSpace(trimmed[at+1:])}
	return nil
}

// valueOf returns a value, as pairs if it begins with a line break.
func valueOf(text string) (value, error) {
	if !strings.HasPrefix(text, "\n") {
		return value{text: text}, nil
	}
	v := value{nested: map[string]string{}}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, val, ok := strings.Cut(line, "=")
		if !ok {
			return v, fmt.Errorf("an indented line is to be key = value")
		}
		v.nested[strings.TrimSpace(key)] = strings.TrimSpace(val)
	}
	return v, nil
}
