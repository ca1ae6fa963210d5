package config_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/config"
)

// known returns the keys that the decoder lists for an unknown one.
func known(t *testing.T, err error) []string {
	t.Helper()
	if e, ok := errors.AsType[*config.Error](err); ok {
		if list, ok := strings.CutPrefix(e.Hint, "known are "); ok {
			return strings.Split(list, ", ")
		}
	}
	t.Fatalf("%v lists no keys", err)
	return nil
}

// The list of keys, which help, docs and schema are made of, is that of the decoder.
func TestKeysAreThoseOfTheDecoder(t *testing.T) {
	for section, text := range map[config.Section]string{
		config.SectionTop:     "qqqqqqqqqq: 1\n",
		config.SectionSource:  "sources: {a: {type: ssm, qqqqqqqqqq: 1}}\n",
		config.SectionJob:     "jobs: [{name: a, qqqqqqqqqq: 1, files: [{content: x, dest: /a}]}]\n",
		config.SectionFile:    "jobs: [{name: a, files: [{content: x, dest: /a, qqqqqqqqqq: 1}]}]\n",
		config.SectionKeypair: "jobs: [{name: a, keypairs: [{cert: /a, key: /b, qqqqqqqqqq: 1}], files: [{content: x, dest: /a}, {content: x, dest: /b}]}]\n",
		config.SectionTests:   "",
		config.SectionCase:    "",
	} {
		var err error
		switch section {
		case config.SectionTests:
			_, err = config.ParseTests("a.test.yaml", []byte("template: a\nqqqqqqqqqq: 1\ncases: [{name: a, want: b}]\n"))
		case config.SectionCase:
			_, err = config.ParseTests("a.test.yaml", []byte("template: a\ncases: [{name: a, want: b, qqqqqqqqqq: 1}]\n"))
		default:
			path := filepath.Join(t.TempDir(), "credrender.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = config.Load(t.Context(), config.Options{Flags: map[string]string{"config": path}, Environ: []string{"HOME=/"}, EUID: 1})
		}
		want := known(t, err)
		var got []string
		for _, k := range config.Keys() {
			if k.Section == section || section == config.SectionJob && k.Section == config.SectionFile || section == config.SectionFile && k.Section == config.SectionJob {
				got = append(got, k.Name)
			}
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("section %q: the list has\n%v\nand the decoder takes\n%v", section, got, want)
		}
	}
}

func TestKeysAreDescribed(t *testing.T) {
	kinds := []config.Kind{
		config.KindText, config.KindDuration, config.KindBool, config.KindList, config.KindUser, config.KindUsers, config.KindMode, config.KindCommand, config.KindContext,
		config.KindTexts, config.KindValues, config.KindDelims, config.KindTime, config.KindPercent, config.KindAny, config.KindEntries, config.KindSections, config.KindSection,
	}
	for _, k := range config.Keys() {
		if !slices.Contains(kinds, k.Kind) {
			t.Errorf("%s: unknown kind %q", k.Path(), k.Kind)
		}
		if !strings.HasSuffix(k.Does, ".") || k.Example == "" || k.Kind == "" {
			t.Errorf("%s: the description is incomplete: %+v", k.Path(), k)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(k.Name+": "+k.Example+"\n"), &doc); err != nil {
			t.Errorf("%s: %v", k.Path(), err)
		}
	}
}

// compiled returns a schema as a validator has it. It refuses one that is not valid in
// its dialect.
func compiled(t *testing.T, schema map[string]any) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parsed returns YAML as a validator takes it.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// A validator that knows nothing of credrender accepts every config of the examples and
// the docs, and every test file of the examples.
func TestSchemaAcceptsTheExamples(t *testing.T) {
	schema, tests := compiled(t, config.Schema()), compiled(t, config.TestSchema())
	seen := 0
	for _, pattern := range []string{"../../examples/*/*.y*ml", "../../examples/*/*/*.y*ml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			of := schema
			if strings.HasSuffix(path, ".test.yaml") {
				of = tests
			} else if !regexp.MustCompile(`(?m)^jobs:\n\s*- \{?name:.*(\n.*)*dest`).Match(text) || strings.Contains(path, "github-actions") {
				continue
			}
			seen++
			if err := of.Validate(parsed(t, string(text))); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			of := schema
			if strings.Contains(m[1], "\ncases:") {
				of = tests
			} else if !strings.Contains("\n"+m[1], "\njobs:") {
				continue
			}
			seen++
			if err := of.Validate(parsed(t, m[1])); err != nil {
				t.Errorf("%s: %v in\n%s", page, err, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d files were compared, expected more", seen)
	}
}

// What the schema refuses Load refuses too, and these are refused by both.
func TestSchemaRefusesFaults(t *testing.T) {
	schema := compiled(t, config.Schema())
	const file = "dest: /a"
	for _, text := range []string{
		"jops: []", "store: 5", "timeout: 30", "timeout: 30x", "log_level: loud", "ready: never", "context: 5", "contexts: {a: 5}",
		"vars: []", "partials: a", "splay: soon", "sources: {a: {table: x}}", "sources: {a: {type: redis}}", "trusted_owners: root",
		"jobs: {}", "jobs: [{" + file + ", src: a}]", "jobs: [{name: a}]", "jobs: [{name: a, src: b}]", "jobs: [{name: a, " + file + "}]",
		"jobs: [{name: a, src: b, content: c, " + file + "}]", "jobs: [{name: a, src: b, source: b, " + file + "}]", "jobs: [{name: a, src: b, destination: /a, " + file + "}]",
		"jobs: [{name: a, src: b, " + file + ", files: [{src: a, dest: /b}]}]", "jobs: [{name: a, files: [{src: b}]}]",
		"jobs: [{name: a, src: b, " + file + ", mode: 999}]", `jobs: [{name: a, src: b, ` + file + `, mode: "888"}]`, "jobs: [{name: a, src: b, " + file + ", format: csv}]",
		"jobs: [{name: a, src: b, " + file + ", hook: []}]", "jobs: [{name: a, src: b, " + file + ", hook: {a: b}}]", "jobs: [{name: a, src: b, " + file + ", delims: [a]}]",
		"jobs: [{name: a, src: b, " + file + ", permit: [all]}]", "jobs: [{name: a, src: b, " + file + ", allow: []}]", "jobs: [{name: a, src: b, " + file + ", restrict: maybe}]",
		"jobs: [{name: a, src: b, " + file + ", keypairs: [{cert: /a}]}]", "jobs: [{name: a, src: b, " + file + ", env: {A: 1}}]", "jobs: [{name: a, src: b, " + file + ", owner: [a]}]",
	} {
		path := filepath.Join(t.TempDir(), "credrender.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(t.Context(), config.Options{Flags: map[string]string{"config": path}, Environ: []string{"HOME=/"}, EUID: 1}); err == nil {
			t.Errorf("Load takes %s", text)
		}
		if schema.Validate(parsed(t, text)) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}
