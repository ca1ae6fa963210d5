package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

type test func(e *evaluator, v py.Value, args []py.Value) bool

// passes applies a test by name.
func (e *evaluator) passes(name string, v py.Value, args []py.Value) bool {
	t, ok := e.tests[name]
	if !ok {
		py.Raise("TemplateRuntimeError", "no test of that name")
	}
	return t(e, v, args)
}

func tests() map[string]test {
	plain := func(f func(py.Value) bool) test {
		return func(_ *evaluator, v py.Value, _ []py.Value) bool { return f(v) }
	}
	one := func(f func(v, arg py.Value) bool) test {
		return func(_ *evaluator, v py.Value, args []py.Value) bool {
			if len(args) != 1 {
				py.Raise("TypeError", "this test takes one argument")
			}
			return f(v, args[0])
		}
	}
	ordered := func(op string) test {
		return one(func(v, arg py.Value) bool { return compare(op, v, arg) })
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
		"lower":     plain(func(v py.Value) bool { return py.IsLower(text(v)) }),
		"upper":     plain(func(v py.Value) bool { return py.IsUpper(text(v)) }),
		"odd":       remainder(2, 1), "even": remainder(2, 0),
		"divisibleby": one(func(v, arg py.Value) bool {
			return py.Equal(py.Operate("%", v, arg), int64(0))
		}),
		"sameas": one(func(v, arg py.Value) bool {
			return py.TypeName(v) == py.TypeName(arg) && py.Equal(v, arg)
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
	return func(_ *evaluator, v py.Value, _ []py.Value) bool {
		return py.Equal(py.Operate("%", v, by), want)
	}
}

func known(f func(*evaluator, string) bool) test {
	return func(e *evaluator, v py.Value, _ []py.Value) bool {
		name, _ := py.Text(v)
		return f(e, name)
	}
}

// text returns str(v), "" of a missing secret.
func text(v py.Value) string {
	s, _ := py.Caught(func() string { return py.Str(v) })
	return s
}

func iterable(v py.Value) bool {
	switch v.(type) {
	case *py.Gen, py.Undefined:
		return true
	}
	_, err := py.Caught(func() []py.Value { return py.Items(v) })
	return err == nil
}

func sequence(v py.Value) bool {
	if _, ok := v.(*py.View); ok {
		return false
	}
	_, err := py.Caught(func() int { return py.Len(v) })
	return err == nil
}
