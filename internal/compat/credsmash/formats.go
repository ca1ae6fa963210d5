package credsmash

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/document"
)

// formatOf returns the format for the extension of a file.
func formatOf(path, standard string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		return "json"
	case ".yml", ".yaml":
		return "yaml"
	case ".csv":
		return "csv"
	}
	return standard
}

// parse parses a document. CSV has names and values.
func parse(data []byte, format string) (py.Value, error) {
	if format != "csv" && format != "json" && format != "yaml" {
		//lint:ignore ST1005 credsmash's words
		return nil, fmt.Errorf("Unsupported format: %s", format)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("not text in UTF-8")
	}
	switch format {
	case "csv":
		return parseCSV(data)
	case "json":
		return py.ParseJSON(data)
	}
	return parseYAML(data)
}

func parseCSV(data []byte) (py.Value, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	d := py.NewDict()
	for {
		record, err := r.Read()
		switch {
		case err == io.EOF:
			return d, nil
		case err != nil:
			return nil, err
		case len(record) < 2:
			return nil, fmt.Errorf("%s has no value", source.Show(record[0]))
		}
		d.Put(record[0], record[1])
	}
}

// parseDict parses a mapping of variables or secrets.
func parseDict(data []byte, format string) (*py.Dict, error) {
	v, err := parse(data, format)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		//lint:ignore ST1005 credsmash's words
		return nil, fmt.Errorf("Unsupported type: %s; a mapping is needed", py.TypeName(v))
	}
	for _, k := range d.Keys() {
		if _, ok := k.(string); !ok {
			return nil, fmt.Errorf("a key is %s, not text", py.TypeName(k))
		}
	}
	return d, nil
}

// parseSecrets parses a mapping of secrets, whose values must be strings.
func parseSecrets(data []byte, format string) (map[string]string, []string, error) {
	d, err := parseDict(data, format)
	if err != nil {
		return nil, nil, err
	}
	values, names := map[string]string{}, []string{}
	var failed []error
	for k, v := range d.All() {
		text, ok := v.(string)
		if !ok {
			failed = append(failed, fmt.Errorf("%s is %s, not text", source.Show(k.(string)), py.TypeName(v)))
		}
		values[k.(string)] = text
		names = append(names, k.(string))
	}
	return values, names, errors.Join(failed...)
}

// dump formats secrets. The caller has removed binary values.
func dump(values map[string]string, format string) ([]byte, error) {
	switch format {
	case "json":
		d := py.NewDict()
		for name, v := range values {
			d.Put(name, v)
		}
		return []byte(py.JSON{Indent: 4, SortKeys: true, Separators: [2]string{",", ": "}}.Dump(d)), nil
	case "csv":
		// encoding/csv would also change line breaks in values to \r\n.
		var b bytes.Buffer
		for _, name := range slices.Sorted(maps.Keys(values)) {
			b.WriteString(py.CSVField(name) + "," + py.CSVField(values[name]) + "\r\n")
		}
		return b.Bytes(), nil
	case "yaml":
		return yaml.Marshal(document.WritableYAML(values))
	}
	//lint:ignore ST1005 credsmash's words
	return nil, fmt.Errorf("Unsupported format: %s", format)
}
