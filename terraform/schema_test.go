package terraform

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"go.yaml.in/yaml/v3"
)

// schema is testdata/schema.yaml: by resource or data, then by type.
type schema map[string]map[string]blockSchema

// schemaFile has types besides, which only interop/tfaws needs.
type schemaFile struct {
	Types  map[string]string
	Schema schema `yaml:",inline"`
}

type blockSchema struct {
	Commit     string
	Arguments  []string
	Required   []string
	Attributes []string
	Blocks     map[string]blockSchema
}

func readSchema(t *testing.T) schema {
	t.Helper()
	text, err := os.ReadFile("testdata/schema.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var f schemaFile
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f.Schema
}

// What Terraform itself defines in every resource, data source and module.
var (
	metaArguments = []string{"count", "for_each", "provider", "providers", "depends_on"}
	metaBlocks    = []string{"lifecycle", "dynamic"}
)

// Every argument and block of every resource is one that the provider has,
// and what the provider demands is there.
func TestResourcesFollowTheProvider(t *testing.T) {
	known := readSchema(t)
	used := map[string]bool{}
	for _, dir := range folders(t) {
		for address, b := range load(t, dir).blocks {
			if b.Type != "resource" && b.Type != "data" {
				continue
			}
			s, ok := known[b.Type][b.Labels[0]]
			if !ok {
				t.Errorf("%s: no schema of %s %s", dir, b.Type, b.Labels[0])
				continue
			}
			used[b.Type+" "+b.Labels[0]] = true
			for _, fault := range s.faults(b.Body) {
				t.Errorf("%s: %s: %s", dir, address, fault)
			}
		}
	}
	for kind, types := range known {
		for name, s := range types {
			if !used[kind+" "+name] {
				t.Errorf("testdata/schema.yaml has %s %s, which nothing uses", kind, name)
			}
			if len(s.Commit) != 40 {
				t.Errorf("testdata/schema.yaml does not say where %s %s is from", kind, name)
			}
		}
	}
}

func (s blockSchema) faults(b *hclsyntax.Body) (faults []string) {
	for name := range b.Attributes {
		if !slices.Contains(s.Arguments, name) && !slices.Contains(metaArguments, name) {
			faults = append(faults, "no argument "+name)
		}
	}
	for _, name := range s.Required {
		if b.Attributes[name] == nil {
			faults = append(faults, "argument "+name+" is missing")
		}
	}
	for _, inner := range b.Blocks {
		name, body := inner.Type, inner.Body
		if name == "dynamic" {
			name = inner.Labels[0]
			body = contentOf(inner)
		} else if slices.Contains(metaBlocks, name) {
			continue
		}
		blocks, ok := s.Blocks[name]
		if !ok {
			faults = append(faults, "no block "+name)
			continue
		}
		for _, fault := range blocks.faults(body) {
			faults = append(faults, name+": "+fault)
		}
	}
	return faults
}

func contentOf(dynamic *hclsyntax.Block) *hclsyntax.Body {
	for _, b := range dynamic.Body.Blocks {
		if b.Type == "content" {
			return b.Body
		}
	}
	return &hclsyntax.Body{}
}

// The check itself must be able to fail.
func TestSchemaFindsFaults(t *testing.T) {
	body := parseBody(t, `
  nane = "x"
  constraints {
    encryption_context = {}
  }
  constraint {}
  dynamic "constraints" {
    for_each = []
    content {
      equals = {}
    }
  }`)
	want := []string{
		"argument grantee_principal is missing", "argument key_id is missing", "argument operations is missing",
		"constraints: no argument encryption_context", "constraints: no argument equals",
		"no argument nane", "no block constraint",
	}
	got := readSchema(t)["resource"]["aws_kms_grant"].faults(body)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func parseBody(t *testing.T, text string) *hclsyntax.Body {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "test.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file.Body.(*hclsyntax.Body)
}

// Every variable has a type and a description and is used, every output a
// description.
func TestVariablesAndOutputs(t *testing.T) {
	for _, dir := range folders(t) {
		m := load(t, dir)
		used := map[string]bool{}
		m.references(func(ref hcl.Traversal) { used[name(ref, 0, 2)] = true })
		for label, b := range m.of("variable") {
			for _, want := range []string{"type", "description"} {
				if b.Body.Attributes[want] == nil {
					t.Errorf("%s: variable %s has no %s", dir, label, want)
				}
			}
			if !used["var."+label] {
				t.Errorf("%s: variable %s is not used", dir, label)
			}
		}
		for label, b := range m.of("output") {
			for _, want := range []string{"value", "description"} {
				if b.Body.Attributes[want] == nil {
					t.Errorf("%s: output %s has no %s", dir, label, want)
				}
			}
		}
		for label := range m.locals {
			if !used["local."+label] {
				t.Errorf("%s: local.%s is not used", dir, label)
			}
		}
	}
}

// Every reference leads to something that is there, and every attribute of a
// resource is one that the provider exports.
func TestReferencesResolve(t *testing.T) {
	known := readSchema(t)
	for _, dir := range folders(t) {
		m := load(t, dir)
		m.references(func(ref hcl.Traversal) {
			if fault := m.unresolved(t, known, ref); fault != "" {
				t.Errorf("%s: %s", ref.SourceRange(), fault)
			}
		})
	}
}

// unresolved says why a reference leads nowhere.
func (m *module) unresolved(t *testing.T, known schema, ref hcl.Traversal) string {
	kind, parts := "resource", 2
	switch ref.RootName() {
	case "each", "count", "path", "self":
		return ""
	case "local":
		if m.locals[name(ref, 1, 2)] == nil {
			return "no " + name(ref, 0, 2)
		}
		return ""
	case "data":
		kind, parts = "data", 3
	}
	address := name(ref, 0, parts)
	b := m.blocks[address]
	if b == nil {
		return "no " + address
	}
	attribute := name(ref, parts, len(ref))
	switch {
	case attribute == "" || ref.RootName() == "var":
		return ""
	case ref.RootName() == "module":
		if m.call(t, b).blocks["output."+attribute] == nil {
			return address + " has no output " + attribute
		}
		return ""
	}
	s := known[kind][b.Labels[0]]
	if !slices.Contains(s.Attributes, attribute) && !slices.Contains(s.Arguments, attribute) {
		return address + " has no attribute " + attribute
	}
	return ""
}

// name joins the names of a traversal from one step to before another; steps
// with an index are left out.
func name(ref hcl.Traversal, from, to int) string {
	var names []string
	for i := from; i < min(to, len(ref)); i++ {
		switch step := ref[i].(type) {
		case hcl.TraverseRoot:
			names = append(names, step.Name)
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		}
	}
	return strings.Join(names, ".")
}

// A call passes what the called module takes, and all that it demands.
func TestCallsFitTheirModules(t *testing.T) {
	for _, dir := range folders(t) {
		m := load(t, dir)
		for label, b := range m.of("module") {
			variables := m.call(t, b).of("variable")
			for arg := range b.Body.Attributes {
				if variables[arg] == nil && arg != "source" && !slices.Contains(metaArguments, arg) {
					t.Errorf("%s: module %s: no variable %s", dir, label, arg)
				}
			}
			for _, v := range slices.Sorted(maps.Keys(variables)) {
				if variables[v].Body.Attributes["default"] == nil && b.Body.Attributes[v] == nil {
					t.Errorf("%s: module %s: variable %s is missing", dir, label, v)
				}
			}
		}
	}
}

// Every function that is called is one of Terraform's that the tests know.
func TestFunctionsExist(t *testing.T) {
	known := functions()
	calls := 0
	for _, dir := range folders(t) {
		m := load(t, dir)
		visit := func(n hclsyntax.Node) hcl.Diagnostics {
			call, ok := n.(*hclsyntax.FunctionCallExpr)
			if !ok {
				return nil
			}
			calls++
			if _, ok := known[call.Name]; !ok {
				t.Errorf("%s: no function %s", call.NameRange, call.Name)
			}
			return nil
		}
		for _, b := range m.blocks {
			// The type of a variable is written with calls of another kind.
			if b.Type == "variable" {
				delete(b.Body.Attributes, "type")
			}
			_ = hclsyntax.VisitAll(b.Body, visit)
		}
		for _, e := range m.locals {
			_ = hclsyntax.VisitAll(e, visit)
		}
	}
	if calls == 0 {
		t.Error("no call found")
	}
}
