package credstash

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// These print what Python's json and csv modules and credstash's own dotenv
// writer print, byte for byte. Names come sorted, where credstash leaves the
// order of csv and dotenv to chance.

// dumpJSON is json.dumps(sort_keys=True, indent=4).
func dumpJSON(values map[string]string) (string, error) {
	d := py.NewDict()
	for name, value := range values {
		d.Put(name, value)
	}
	return py.JSON{Indent: 4, SortKeys: true}.Dump(d)
}

// dumpCSV is csv.writer's default dialect with lines ended by "\n". A lone "\r"
// is quoted too, as by Python 3.13.
func dumpCSV(values map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(py.CSVField(name) + "," + py.CSVField(values[name]) + "\n")
	}
	return b.String()
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
