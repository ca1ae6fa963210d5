package credstash

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// The dump functions print the same bytes as Python's json and csv modules and
// credstash's dotenv writer. Names are sorted; credstash's order of csv and dotenv is
// random.

// dumpJSON is json.dumps(sort_keys=True, indent=4).
func dumpJSON(values map[string]string) string {
	d := py.NewDict()
	for name, value := range values {
		d.Put(name, value)
	}
	return py.JSON{Indent: 4, SortKeys: true}.Dump(d)
}

// dumpCSV prints csv.writer's default dialect with "\n" line ends.
func dumpCSV(values map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(py.CSVField(name) + "," + py.CSVField(values[name]) + "\n")
	}
	return b.String()
}

// dumpDotenv escapes nothing. Scripts that parse credstash's output depend on that.
func dumpDotenv(values map[string]string) string {
	upper := cases.Upper(language.Und)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(upper.String(name) + "='" + values[name] + "'\n")
	}
	return b.String()
}

// dumpYAML prints a mapping of strings like PyYAML's yaml.dump with
// default_flow_style=False: the same choice between plain, single-quoted and
// double-quoted style, the same line folding and escapes. Go's YAML packages differ.
func dumpYAML(values map[string]string) string {
	if len(values) == 0 {
		return "{}\n"
	}
	w := &yamlWriter{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		w.simple = isSimpleKey(name)
		if !w.simple {
			w.put("?")
			w.gap = true
		}
		w.scalar(name)
		if !w.simple {
			w.newLine(0)
		}
		w.put(":")
		w.simple, w.gap = false, true
		w.scalar(values[name])
		w.newLine(0)
		w.gap = false
	}
	return w.b.String()
}

const (
	yamlWidth  = 80 // a space after this column may become a line break
	yamlIndent = 2  // of the lines that a scalar is folded into
	yamlBreaks = "\n\u0085\u2028\u2029"
)

type yamlWriter struct {
	b      strings.Builder
	column int  // in characters
	simple bool // the scalar is a key that stays on its line
	gap    bool // a space comes before the scalar
}

func (w *yamlWriter) put(s string) {
	w.b.WriteString(s)
	w.column += len([]rune(s))
}

func (w *yamlWriter) newLine(indent int) {
	w.b.WriteString("\n" + strings.Repeat(" ", indent))
	w.column = indent
}

func (w *yamlWriter) scalar(s string) {
	if w.gap {
		w.put(" ")
	}
	switch {
	case isPlain(s):
		w.folded(s, false)
	case isSingleQuoted(s):
		w.put("'")
		w.folded(s, true)
		w.put("'")
	default:
		w.doubleQuoted([]rune(s))
	}
}

// isSimpleKey reports whether a key fits on one line. The limit of PyYAML is 128
// characters, including five for the tag, which it does not print.
func isSimpleKey(s string) bool {
	return s != "" && len([]rune(s))+len("!!str") < 128 && !strings.ContainsAny(s, yamlBreaks)
}

// isPlain reports whether a text needs no quotes: it fits on one line and would be read
// back as a string.
func isPlain(s string) bool {
	switch {
	case s == "", hasSpecial(s), strings.Contains(s, "\n"), strings.Trim(s, " ") != s, notText().MatchString(s):
		return false
	case strings.HasPrefix(s, "---"), strings.HasPrefix(s, "..."), strings.ContainsAny(s[:1], "#,[]{}&*!|>'\"%@`"):
		return false
	case strings.ContainsAny(s[:1], "?:-") && (len(s) == 1 || s[1] == ' '):
		return false
	}
	return !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") && !strings.Contains(s, " #")
}

func isSingleQuoted(s string) bool {
	return !hasSpecial(s) && !strings.Contains(s, " \n") && !strings.Contains(s, "\n ")
}

// hasSpecial reports whether s has characters that PyYAML escapes, such as all non-ASCII.
func hasSpecial(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c != '\n' && (c < ' ' || c > '~') })
}

// notText matches strings that PyYAML reads as another type than string
// (YAML 1.1, https://yaml.org/type/).
var notText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join([]string{
		`yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF`,
		`~|null|Null|NULL`,
		`<<|=`,
		`[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?`,
		`\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?`,
		`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*`,
		`[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)`,
		`[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+`,
		`[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+`,
		`[0-9]{4}-[0-9]{2}-[0-9]{2}`,
		`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?`,
	}, "|") + `)$`)
})

// folded writes the text of a plain or single-quoted scalar. A single space after the
// width becomes one line break, and a line break becomes two.
func (w *yamlWriter) folded(s string, quoted bool) {
	for i := 0; i < len(s); {
		n := 1
		switch s[i] {
		case ' ':
			n = len(s[i:]) - len(strings.TrimLeft(s[i:], " "))
			inside := !quoted || i > 0 && i+n < len(s)
			if n == 1 && w.column > yamlWidth && !w.simple && inside {
				w.newLine(yamlIndent)
			} else {
				w.put(s[i : i+n])
			}
		case '\n':
			n = len(s[i:]) - len(strings.TrimLeft(s[i:], "\n"))
			w.b.WriteString(strings.Repeat("\n", n))
			w.newLine(yamlIndent)
		case '\'':
			w.put("'")
			if quoted {
				w.put("'")
			}
		default:
			if end := strings.IndexAny(s[i:], " \n'"); end >= 0 {
				n = end
			} else {
				n = len(s) - i
			}
			w.put(s[i : i+n])
		}
		i += n
	}
}

// doubleQuoted writes escapes, and folds at spaces and after escapes.
func (w *yamlWriter) doubleQuoted(s []rune) {
	w.put(`"`)
	start := 0 // of what is not written yet
	for i, c := range s {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			w.put(string(s[start:i]) + yamlEscape(c))
			start = i + 1
		}
		canFold := 0 < i && i < len(s)-1 && (c == ' ' || start >= i)
		if canFold && !w.simple && w.column+i-start > yamlWidth {
			if start < i {
				w.put(string(s[start:i]))
				start = i
			}
			w.put(`\`)
			w.newLine(yamlIndent)
			if s[start] == ' ' { // else it would be taken for indentation
				w.put(`\`)
			}
		}
	}
	w.put(string(s[start:]) + `"`)
}

func yamlEscape(c rune) string {
	short := map[rune]string{
		0: "0", '\a': "a", '\b': "b", '\t': "t", '\n': "n", '\v': "v", '\f': "f", '\r': "r", 0x1b: "e",
		'"': `"`, '\\': `\`, 0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
	}
	switch e := short[c]; {
	case e != "":
		return `\` + e
	case c <= 0xff:
		return fmt.Sprintf(`\x%02X`, c)
	case c <= 0xffff:
		return fmt.Sprintf(`\u%04X`, c)
	}
	return fmt.Sprintf(`\U%08X`, c)
}
