package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// TestFile is a file of golden tests: cases of one template, each with the expected
// output. Paths are relative to the working directory, as the file's own is.
type TestFile struct {
	Path     string
	Template string
	// Config is a config whose settings the template is rendered with; empty: none.
	Config string
	// Dest selects one of several files of Config with the template.
	Dest     string
	Partials []string
	Cases    []TestCase
}

// TestCase is one case. Exactly one of Want, WantText and WantError is its expectation.
type TestCase struct {
	Name     string
	Line     int
	Fixtures *secretfile.Fixtures
	Vars     map[string]any
	// Entry is what a template of for_each knows as .Key and .Value; nil: the case has no key.
	Entry *template.Entry
	// HasValue reports whether the case has a value; if not, it is that of the config's entry.
	HasValue bool
	Now      time.Time // zero: the template must not ask for the time
	// Want is a file with the expected output, below the directory of the test file.
	Want      string
	WantText  *string
	WantError string // a part of the message

	expectations []string // the keys that the case has
}

// ParseTests reads a test file; path is for messages, and paths in the file start at
// its directory. The error is a join of [Error].
func ParseTests(path string, data []byte) (*TestFile, error) {
	d := &testDecoder{decoder: decoder{file: path}, dir: filepath.Dir(path)}
	d.tests.Path = path
	root := d.document(data)
	if root == nil && len(d.errs) == 0 {
		d.fail(&yaml.Node{}, "", "give a template and cases", "the file is empty")
	}
	if root != nil {
		d.mapping(root, "", d.fields())
		d.finish(root)
	}
	slices.SortStableFunc(d.errs, func(a, b *Error) int { return a.Line - b.Line })
	return &d.tests, d.join()
}

// testDecoder is a test file while it is read.
type testDecoder struct {
	decoder
	dir   string
	tests TestFile
}

func (d *testDecoder) fields() fields {
	t := &d.tests
	return fields{
		"template": func(key string, n *yaml.Node) { t.Template = d.beside(n, key) },
		"config":   func(key string, n *yaml.Node) { t.Config = d.beside(n, key) },
		"dest":     func(key string, n *yaml.Node) { t.Dest, _ = d.word(n, key) },
		"partials": func(key string, n *yaml.Node) {
			d.list(n, key, func(key string, n *yaml.Node) { t.Partials = append(t.Partials, d.beside(n, key)) })
		},
		"cases": func(key string, n *yaml.Node) { d.list(n, key, d.addCase) },
	}
}

// finish checks what can be told once all keys were seen.
func (d *testDecoder) finish(root *yaml.Node) {
	if root.Kind != yaml.MappingNode || len(d.errs) > 0 {
		return
	}
	switch t := d.tests; {
	case t.Template == "":
		d.fail(root, "", "write template: FILE", "has no template")
	case len(t.Cases) == 0:
		d.fail(root, "", "", "has no cases")
	case t.Dest != "" && t.Config == "":
		d.fail(root, "dest", "give the config too", "selects a file of a config")
	}
}

// beside reads a path that starts at the directory of the test file.
func (d *testDecoder) beside(n *yaml.Node, key string) string {
	p, ok := d.word(n, key)
	if !ok || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(d.dir, p)
}

func (d *testDecoder) addCase(key string, n *yaml.Node) {
	n = follow(n)
	c := TestCase{Line: n.Line, Fixtures: &secretfile.Fixtures{}}
	before := len(d.errs)
	d.mapping(n, key, fields{
		"name":     func(key string, n *yaml.Node) { c.Name, _ = d.word(n, key) },
		"fixtures": func(key string, n *yaml.Node) { c.Fixtures = d.fixtures(n, key) },
		"vars":     func(key string, n *yaml.Node) { c.Vars = d.values(n, key) },
		"key": func(key string, n *yaml.Node) {
			if name, ok := d.word(n, key); ok {
				c.entry().Key = name
			}
		},
		"value": func(key string, n *yaml.Node) { c.entry().Value, c.HasValue = d.value(n, key), true },
		"now":   func(key string, n *yaml.Node) { c.Now = d.time(n, key) },
		"want":  func(key string, n *yaml.Node) { c.expects("want"); c.Want = d.wanted(n, key) },
		"want_text": func(key string, n *yaml.Node) {
			c.expects("want_text")
			s, _ := d.text(n, key)
			c.WantText = &s
		},
		"want_error": func(key string, n *yaml.Node) { c.expects("want_error"); c.WantError, _ = d.word(n, key) },
	})
	if len(d.errs) == before {
		d.finishCase(&c, key, n)
	}
	d.tests.Cases = append(d.tests.Cases, c)
}

// entry returns the entry of a case, for its key or its value.
func (c *TestCase) entry() *template.Entry {
	if c.Entry == nil {
		c.Entry = &template.Entry{}
	}
	return c.Entry
}

func (c *TestCase) expects(key string) { c.expectations = append(c.expectations, key) }

func (d *testDecoder) finishCase(c *TestCase, key string, n *yaml.Node) {
	switch {
	case c.Name == "":
		d.fail(n, key, "", "has no name")
	case slices.ContainsFunc(d.tests.Cases, func(o TestCase) bool { return o.Name == c.Name }):
		d.fail(n, join(key, "name"), "", "a case of this name is already there")
	case source.Show(c.Name) != c.Name:
		d.fail(n, join(key, "name"), "", "contains control characters")
	case c.HasValue && c.Entry.Key == "":
		d.fail(n, join(key, "value"), "give the key too", "has no key")
	case len(c.expectations) == 0:
		d.fail(n, key, "", "needs one of want, want_text and want_error")
	case len(c.expectations) > 1:
		d.fail(n, key, "", "has %s: give one", strings.Join(c.expectations, " and "))
	}
	if c.Now.IsZero() {
		c.Now = c.Fixtures.Now.Time
	}
}

func (d *testDecoder) fixtures(n *yaml.Node, key string) *secretfile.Fixtures {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		d.wrong(n, key, "a mapping")
		return nil
	}
	set, err := secretfile.DecodeFixtures(d.file, n)
	d.check(n, key, err)
	return set
}

func (d *testDecoder) time(n *yaml.Node, key string) time.Time {
	n = follow(n)
	at, err := time.Parse(time.RFC3339, n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		d.fail(n, key, "write 2026-01-02T03:04:05Z", "expected a time")
	}
	return at
}

// wanted reads the path of an expected output. --update writes that file, so it must lie
// below the directory of the test file.
func (d *testDecoder) wanted(n *yaml.Node, key string) string {
	p, ok := d.word(n, key)
	if ok && !filepath.IsLocal(p) {
		d.check(n, key, fmt.Errorf("%s is not below the directory of the test file", source.Show(p)))
	}
	return filepath.Clean(p)
}
