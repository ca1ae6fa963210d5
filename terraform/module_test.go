package terraform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// module is one folder of *.tf files, its blocks by address as expressions
// write it: var.names, local.json, aws_kms_grant.this, data.aws_vpc.default,
// module.policy, output.json.
type module struct {
	dir    string
	blocks map[string]*hclsyntax.Block
	locals map[string]hclsyntax.Expression
}

// folders lists every folder here that has *.tf files.
func folders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/*/*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no modules found: %v", err)
	}
	var dirs []string
	for _, f := range files {
		if dir := filepath.Dir(f); len(dirs) == 0 || dirs[len(dirs)-1] != dir {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func load(t *testing.T, dir string) *module {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	m := &module{dir: dir, blocks: map[string]*hclsyntax.Block{}, locals: map[string]hclsyntax.Expression{}}
	for _, path := range files {
		m.add(t, path)
	}
	return m
}

func (m *module) add(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, diags := hclparse.NewParser().ParseHCL(text, path)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := file.Body.(*hclsyntax.Body)
	for name := range body.Attributes {
		t.Errorf("%s: %s stands outside of a block", path, name)
	}
	for _, b := range body.Blocks {
		if b.Type == "locals" {
			for name, a := range b.Body.Attributes {
				m.locals[name] = a.Expr
			}
			continue
		}
		address := addressOf(b)
		if m.blocks[address] != nil {
			t.Errorf("%s is there twice", address)
		}
		m.blocks[address] = b
	}
}

func addressOf(b *hclsyntax.Block) string {
	kind := map[string]string{"variable": "var.", "resource": ""}
	prefix, ok := kind[b.Type]
	if !ok {
		prefix = b.Type + "."
	}
	return prefix + strings.Join(b.Labels, ".")
}

// of returns the blocks of a type, by their last label.
func (m *module) of(kind string) map[string]*hclsyntax.Block {
	found := map[string]*hclsyntax.Block{}
	for _, b := range m.blocks {
		if b.Type == kind && len(b.Labels) > 0 {
			found[b.Labels[len(b.Labels)-1]] = b
		}
	}
	return found
}

// call loads the module that a module block names.
func (m *module) call(t *testing.T, b *hclsyntax.Block) *module {
	t.Helper()
	source := b.Body.Attributes["source"]
	if source == nil {
		t.Fatalf("%s has no source", b.DefRange())
	}
	path, diags := source.Expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return load(t, filepath.Join(m.dir, path.AsString()))
}

// walk visits the body of a block and of those in it, with the names that
// dynamic blocks define there.
func walk(b *hclsyntax.Body, scope []string, visit func(b *hclsyntax.Body, scope []string)) {
	visit(b, scope)
	for _, inner := range b.Blocks {
		inside := scope
		if inner.Type == "dynamic" {
			inside = append(scope[:len(scope):len(scope)], inner.Labels[0])
		}
		walk(inner.Body, inside, visit)
	}
}

// references calls visit for each reference of a module, as a traversal, less
// those to a name that a for expression or a dynamic block defines.
func (m *module) references(visit func(hcl.Traversal)) {
	each := func(e hclsyntax.Expression, scope []string) {
		for _, ref := range e.Variables() {
			if !slices.Contains(scope, ref.RootName()) {
				visit(ref)
			}
		}
	}
	for _, b := range m.blocks {
		walk(b.Body, nil, func(body *hclsyntax.Body, scope []string) {
			for name, a := range body.Attributes {
				// These two hold names of something else.
				if b.Type == "variable" && name == "type" || name == "ignore_changes" {
					continue
				}
				each(a.Expr, scope)
			}
		})
	}
	for _, e := range m.locals {
		each(e, nil)
	}
}
