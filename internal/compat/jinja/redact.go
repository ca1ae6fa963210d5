package jinja

import (
	"errors"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
	"github.com/credrender/credrender/pkg/source"
)

// hideDerived removes names from the errors of secrets if the name may contain another
// secret's value. All other names are literals of the template, or are requested by a
// rendering in which no secret is known.
func (t *Template) hideDerived(failed []error, c Context) {
	public := t.literals()
	c.Lookup = func(key py.Value) ([]byte, bool, error) {
		if name, err := keyName(key); err == nil {
			public[name] = true
		}
		return nil, false, nil
	}
	_, _ = t.Render(c) // it ends with ErrPending
	for _, err := range failed {
		e, ok := errors.AsType[*SecretError](err)
		if !ok || public[e.Name] {
			continue
		}
		e.Name, e.Err, e.Derived = "", source.Nameless(e.Err), true
	}
}

// literals returns the strings and names in the text of the template.
func (t *Template) literals() map[string]bool {
	all := map[string]bool{}
	syntax.Walk(t.nodes, func(n any) bool {
		switch n := n.(type) {
		case *syntax.Const:
			if text, ok := n.Value.(string); ok {
				all[text] = true
			}
		case *syntax.Getattr:
			all[n.Name] = true
		}
		return true
	})
	return all
}
