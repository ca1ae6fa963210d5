package jinja

import (
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// checkNames refuses unknown filters and tests. Like Jinja2, it skips those in the branches
// of a condition, which may not be reached.
func (t *Template) checkNames() error {
	var failed error
	known, tested := filters(), tests()
	syntax.Walk(t.nodes, func(n any) bool {
		switch n := n.(type) {
		case *syntax.If, *syntax.Cond:
			return false
		case *syntax.Filter:
			if _, ok := known[n.Name]; !ok && failed == nil {
				failed = &Error{t.name, n.Line, py.Errorf("TemplateAssertionError", "no filter named '%s'", n.Name)}
			}
		case *syntax.Test:
			if _, ok := tested[n.Name]; !ok && failed == nil {
				failed = &Error{t.name, n.Line, py.Errorf("TemplateAssertionError", "no test named '%s'", n.Name)}
			}
		}
		return failed == nil
	})
	return failed
}
