package jinja

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// macro returns the function of a macro, which returns its output.
func (e *evaluator) macro(m *syntax.Macro, s *scope) py.Func {
	return func(args []py.Value, named *py.Dict) (py.Value, error) {
		if e.depth++; e.depth > maxDepth {
			return nil, py.Errorf("RecursionError", "macros call each other too deep")
		}
		defer func() { e.depth-- }()
		inner := s.inner()
		if err := e.bind(m, inner, args, named); err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := e.run(&b, m.Body, inner); err != nil {
			return nil, err
		}
		return b.String(), nil
	}
}

func (e *evaluator) bind(m *syntax.Macro, inner *scope, args []py.Value, named *py.Dict) error {
	used := 0
	for i, p := range m.Params {
		v, given := named.Get(p.Name)
		switch {
		case i < len(args):
			v = args[i]
		case given:
			used++
		case p.Default != nil:
			var err error
			if v, err = e.value(p.Default, inner); err != nil {
				return err
			}
		default:
			v = py.Undefined{What: "parameter '" + p.Name + "' was not provided"}
		}
		inner.vars[p.Name] = v
	}
	if caller, ok := named.Get("caller"); ok {
		inner.vars["caller"] = caller
		used++
	}
	rest := args[min(len(args), len(m.Params)):]
	inner.vars["varargs"], inner.vars["kwargs"] = py.Tuple(rest), py.NewDict()
	if len(rest) > 0 && !syntax.Mentions(m.Body, "varargs") {
		return py.Errorf("TypeError", "macro '%s' takes not more than %d argument(s)", m.Name, len(m.Params))
	}
	if used < named.Len() && !syntax.Mentions(m.Body, "kwargs") {
		return py.Errorf("TypeError", "macro '%s' takes no such keyword argument", m.Name)
	}
	for k, v := range named.All() {
		if !slices.ContainsFunc(m.Params, func(p syntax.Param) bool { return p.Name == k }) && k != "caller" {
			_ = inner.vars["kwargs"].(*py.Dict).Set(k, v)
		}
	}
	return nil
}
