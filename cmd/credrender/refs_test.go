package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// A REF is parsed by backend.ParseRef, whose result has no name to take alone:
// no command reads one with package source itself.
func TestCommandsParseNoRefThemselves(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "source" && (sel.Sel.Name == "Parse" || sel.Sel.Name == "ParseName") {
				t.Errorf("%s calls source.%s: backend.ParseRef keeps name and source together", e.Name(), sel.Sel.Name)
			}
			return true
		})
	}
	if files == 0 {
		t.Error("no file was read")
	}
}
