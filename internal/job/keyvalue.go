package job

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/credrender/credrender/pkg/template"
)

// errSpills reports a value that continues as another key, section or comment.
var errSpills = errors.New("the output of an action changes the structure of the file: use the quoting function of the format")

// entry is a logical line of an INI or properties file, as offsets into the data.
type entry struct {
	start, end int  // without the white space around it
	keyEnd     int  // where the key ends
	separator  int  // offset of = or :, or -1
	special    bool // a comment or a section
	column     int  // of start in its line
}

// checkKeyValue reads an INI or properties file. Each print must be whole lines, or a
// part of one key, value, section or comment.
func checkKeyValue(format string, data []byte, prints []template.Print) error {
	if i := notText(data); i >= 0 {
		return formatError(format, lineAt(data, int64(i)), nil)
	}
	list := propertyEntries(data)
	if format == "ini" {
		list = iniEntries(data)
	}
	seen := map[string]int{}
	for _, e := range list {
		line := lineAt(data, int64(e.start))
		if !e.isValid(format, data) {
			return formatError(format, line, nil)
		}
		key := string(data[e.start:e.keyEnd])
		// systemd and WireGuard repeat keys and sections of INI files on purpose.
		if format == "properties" && !e.special && seen[key] > 0 {
			return formatError(format, line, fmt.Errorf("its key is given already on line %d", seen[key]))
		}
		seen[key] = line
		for _, p := range prints {
			if p = trimmedPart(format, data, p); p.Start < min(p.End, e.end) && p.End > e.start && e.spills(format, data, p) {
				return formatError(format, lineAt(data, int64(p.Start)), errSpills)
			}
		}
	}
	return nil
}

// bareKey matches an INI key without a value, as MySQL has them.
var bareKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]+$`) })

// goodEscapes matches all but what Properties.load refuses or, at the end, drops.
var goodEscapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[^\\]|\\[^u]|\\u[0-9A-Fa-f]{4})*$`)
})

func (e entry) isValid(format string, data []byte) bool {
	text := data[e.start:e.end]
	switch {
	case e.special:
		return text[0] != '[' || bytes.IndexByte(text, ']') > 1
	case format == "properties":
		return goodEscapes().Match(text) && e.keyEnd > e.start
	case e.separator < 0:
		return bareKey().Match(text)
	}
	return e.keyEnd > e.start
}

// spills reports whether a print that touches e is more than a part of it.
func (e entry) spills(format string, data []byte, p template.Print) bool {
	text := data[p.Start:p.End]
	switch {
	case p.Start <= e.start && p.End >= e.end: // whole lines, or another entry reports it
		return false
	case p.Start < e.start, p.End > e.end, bytes.ContainsAny(text, "\r\n"):
		return true
	case e.special:
		return p.Start == e.start || data[e.start] == '[' && bytes.IndexByte(text, ']') >= 0
	case e.separator >= p.Start && e.separator < p.End, e.keyEnd > p.Start && e.keyEnd < p.End:
		return true
	}
	// A backslash at the end escapes the template's own text, or its line break.
	return format == "properties" && p.End < e.end && isEscaped(data, e.start, p.End)
}

// isEscaped reports whether an odd number of backslashes precedes at.
func isEscaped(data []byte, from, at int) bool {
	return (at-from-len(bytes.TrimRight(data[from:at], `\`)))%2 == 1
}

// iniEntries reads sections, comments and keys as configparser does: = or : ends a key,
// and lines that are indented further than their key continue its value.
func iniEntries(data []byte) (list []entry) {
	for start, end := range naturalLines(data) {
		e := trimmedEntry("ini", data, start, end)
		if e.start == e.end {
			continue
		}
		e.special = bytes.IndexByte([]byte("#;["), data[e.start]) >= 0
		if last := len(list) - 1; !e.special && last >= 0 && !list[last].special && e.column > list[last].column {
			list[last].end = e.end
			continue
		}
		if i := bytes.IndexAny(data[e.start:e.end], "=:"); i >= 0 && !e.special {
			e.separator = e.start + i
			e.keyEnd = e.start + len(bytes.TrimRight(data[e.start:e.separator], " \t"))
		}
		list = append(list, e)
	}
	return list
}

// propertyEntries reads lines as java.util.Properties does: a backslash at its end
// continues a line, and white space, = or : ends a key.
func propertyEntries(data []byte) (list []entry) {
	continued := false
	for start, end := range naturalLines(data) {
		e := trimmedEntry("properties", data, start, end)
		if continued {
			last := &list[len(list)-1]
			last.end = max(last.end, e.end)
			continued = isEscaped(data, start, end)
			continue
		}
		if e.start == e.end {
			continue
		}
		e.special = data[e.start] == '#' || data[e.start] == '!'
		continued = !e.special && isEscaped(data, start, end)
		list = append(list, e)
	}
	for i := range list {
		list[i].splitProperty(data)
	}
	return list
}

func (e *entry) splitProperty(data []byte) {
	for i := e.start; i < e.end && !e.special; i++ {
		if bytes.IndexByte([]byte("=: \t\f"), data[i]) < 0 || isEscaped(data, e.start, i) {
			continue
		}
		e.keyEnd = i
		rest := bytes.TrimLeft(data[i:e.end], " \t\f")
		if len(rest) > 0 && (rest[0] == '=' || rest[0] == ':') {
			e.separator = e.end - len(rest)
		}
		return
	}
}

// trimmedPart trims white space off a part, but in a properties file not the last blank if
// it is escaped.
func trimmedPart(format string, data []byte, part template.Print) template.Print {
	p := trimmed(data, part)
	if format == "properties" && p.End < part.End && isEscaped(data, p.Start, p.End) {
		p.End++
	}
	return p
}

func trimmedEntry(format string, data []byte, start, end int) entry {
	p := trimmedPart(format, data, template.Print{Start: start, End: end})
	return entry{start: p.Start, end: p.End, keyEnd: p.End, separator: -1, column: p.Start - start}
}

// naturalLines yields where each line begins and ends, without its line break.
func naturalLines(data []byte) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		for start := 0; start < len(data); {
			end := len(data)
			if i := bytes.IndexAny(data[start:], "\r\n"); i >= 0 {
				end = start + i
			}
			if !yield(start, end) {
				return
			}
			start = end + 1
			if end < len(data)-1 && data[end] == '\r' && data[start] == '\n' {
				start++
			}
		}
	}
}
