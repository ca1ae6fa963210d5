package credstash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// These print what Python's json and csv modules and credstash's own dotenv
// writer print, byte for byte. Names come sorted, where credstash leaves the
// order of csv and dotenv to chance.

// dumpJSON is json.dumps(sort_keys=True, indent=4).
func dumpJSON(values map[string]string) string {
	if len(values) == 0 {
		return "{}"
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		members = append(members, "    "+jsonString(name)+": "+jsonString(values[name]))
	}
	return "{\n" + strings.Join(members, ",\n") + "\n}"
}

// jsonString escapes all but printable ASCII.
func jsonString(s string) string {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case short[c] != "":
			b.WriteString(short[c])
		case ' ' <= c && c <= '~':
			b.WriteRune(c)
		default:
			for _, unit := range utf16.Encode([]rune{c}) {
				_, _ = fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

// dumpCSV is csv.writer's default dialect with lines ended by "\n". A lone "\r"
// is quoted too, as by Python 3.13.
func dumpCSV(values map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(csvField(name) + "," + csvField(values[name]) + "\n")
	}
	return b.String()
}

func csvField(s string) string {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// dumpDotenv escapes nothing, as credstash does not: scripts parse it so.
func dumpDotenv(values map[string]string) string {
	upper := cases.Upper(language.Und)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(upper.String(name) + "='" + values[name] + "'\n")
	}
	return b.String()
}
