package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

type test func(e *evaluator, v py.Value, args []py.Value) (bool, error)

// passes applies a test by name.
func (e *evaluator) passes(name string, v py.Value, args []py.Value) bool {
	t, ok := e.tests[name]
	if !ok {
		raise("TemplateRuntimeError", "no test of that name")
	}
	return must(t(e, v, args))
}

func tests() map[string]test {
	plain := func(f func(py.Value) bool) test {
		return func(_ *evaluator, v py.Value, _ []py.Value) (bool, error) { return f(v), nil }
	}
	one := func(f func(v, arg py.Value) (bool, error)) test {
		return func(_ *evaluator, v py.Value, args []py.Value) (bool, error) {
			if len(args) != 1 {
				return false, py.Errorf("TypeError", "this test takes one argument")
			}
			return f(v, args[0])
		}
	}
	ordered := func(op string) test {
		return one(func(v, arg py.Value) (bool, error) { return compare(op, v, arg) })
	}
	undefined := func(v py.Value) bool { _, ok := v.(py.Undefined); return ok }
	all := map[string]test{
		"defined":   plain(func(v py.Value) bool { return !undefined(v) }),
		"undefined": plain(undefined),
		"none":      plain(func(v py.Value) bool { return v == nil }),
		"boolean":   plain(func(v py.Value) bool { _, ok := v.(bool); return ok }),
		"true":      plain(func(v py.Value) bool { b, ok := v.(bool); return ok && b }),
		"false":     plain(func(v py.Value) bool { b, ok := v.(bool); return ok && !b }),
		"integer":   plain(func(v py.Value) bool { _, ok := v.(int64); return ok }),
		"float":     plain(func(v py.Value) bool { _, ok := v.(float64); return ok }),
		"number":    plain(func(v py.Value) bool { _, ok := py.Float(v); return ok }),
		"string":    plain(func(v py.Value) bool { _, ok := py.Text(v); return ok }),
		"escaped":   plain(func(v py.Value) bool { _, ok := v.(py.Markup); return ok }),
		"mapping":   plain(func(v py.Value) bool { _, ok := v.(*py.Dict); return ok }),
		"callable":  plain(func(v py.Value) bool { _, ok := v.(py.Func); return ok }),
		"iterable":  plain(iterable),
		"sequence":  plain(sequence),
		"lower":     plain(func(v py.Value) bool { s, _ := py.Str(v); return py.IsLower(s) }),
		"upper":     plain(func(v py.Value) bool { s, _ := py.Str(v); return py.IsUpper(s) }),
		"odd":       remainder(2, 1), "even": remainder(2, 0),
		"divisibleby": one(func(v, arg py.Value) (bool, error) {
			m, err := py.Operate("%", v, arg)
			return err == nil && py.Equal(m, int64(0)), err
		}),
		"sameas": one(func(v, arg py.Value) (bool, error) {
			return py.TypeName(v) == py.TypeName(arg) && py.Equal(v, arg), nil
		}),
		"in":     ordered("in"),
		"filter": known(func(e *evaluator, name string) bool { _, ok := e.filters[name]; return ok }),
		"test":   known(func(e *evaluator, name string) bool { _, ok := e.tests[name]; return ok }),
	}
	for op, names := range map[string]string{
		"==": "eq equalto", "!=": "ne", "<": "lt lessthan", "<=": "le", ">": "gt greaterthan", ">=": "ge",
	} {
		for _, name := range append(strings.Fields(names), op) {
			all[name] = ordered(op)
		}
	}
	return all
}

func remainder(by, want int64) test {
	return func(_ *evaluator, v py.Value, _ []py.Value) (bool, error) {
		m, err := py.Operate("%", v, by)
		return err == nil && py.Equal(m, want), err
	}
}

func known(f func(*evaluator, string) bool) test {
	return func(e *evaluator, v py.Value, _ []py.Value) (bool, error) {
		name, _ := py.Text(v)
		return f(e, name), nil
	}
}

func iterable(v py.Value) bool {
	switch v.(type) {
	case *py.Gen, py.Undefined:
		return true
	}
	_, err := py.Items(v)
	return err == nil
}

func sequence(v py.Value) bool {
	if _, ok := v.(*py.View); ok {
		return false
	}
	_, err := py.Len(v)
	return err == nil
}
