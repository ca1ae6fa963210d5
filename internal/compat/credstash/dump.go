package credstash

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// The dump functions print the same bytes as Python's json and csv modules and
// credstash's dotenv writer. Names are sorted; credstash's order of csv and dotenv is
// random.

// dumpJSON is json.dumps(sort_keys=True, indent=4).
func dumpJSON(values map[string]string) (string, error) {
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
