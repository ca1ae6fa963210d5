package jinja

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

func (e *evaluator) forLoop(out *strings.Builder, n *syntax.For, s *scope) error {
	v, err := e.value(n.Iter, s)
	if err != nil || isPending(v) {
		return e.at(n.Line, err)
	}
	return e.loop(out, n, s, v, 0)
}

// loop runs a loop over v. depth is the depth of a recursive loop.
func (e *evaluator) loop(out *strings.Builder, n *syntax.For, s *scope, v py.Value, depth int) error {
	items, err := py.Caught(func() []py.Value { return e.chosen(n, s, py.Items(v)) })
	if err != nil {
		return e.at(n.Line, err)
	}
	if len(items) == 0 {
		return e.run(out, n.Else, s.inner())
	}
	l := &loopInfo{items: items, depth: depth}
	if n.Recursive {
		l.again = func(args []py.Value, _ *py.Dict) py.Value { return e.recurse(n, s, args, depth) }
	}
	for i, item := range items {
		l.at = i
		inner := s.inner()
		inner.vars["loop"] = l
		if err := e.assigned(n.Target, item, inner); err != nil {
			return e.at(n.Line, err)
		}
		if err := e.run(out, n.Body, inner); err != nil {
			return err
		}
	}
	return nil
}

// chosen returns the items that satisfy the condition of the loop.
func (e *evaluator) chosen(n *syntax.For, s *scope, items []py.Value) (picked []py.Value) {
	if n.Test == nil {
		return items
	}
	for _, item := range items {
		inner := s.inner()
		e.assign(n.Target, item, inner)
		if py.Truth(e.eval(n.Test, inner)) {
			picked = append(picked, item)
		}
	}
	return picked
}

func (e *evaluator) recurse(n *syntax.For, s *scope, args []py.Value, depth int) py.Value {
	if len(args) != 1 {
		py.Raise("TypeError", "loop() takes one argument")
	}
	if depth > maxDepth {
		py.Raise("RecursionError", "the loop calls itself too deep")
	}
	var b strings.Builder
	py.Check(e.loop(&b, n, s, args[0], depth+1))
	return b.String()
}

// loopInfo is the variable "loop".
type loopInfo struct {
	items   []py.Value
	at      int
	depth   int
	again   py.Func // of a recursive loop
	changed py.Value
	called  bool
}

// Attr implements py.Object.
func (l *loopInfo) Attr(name string) (py.Value, bool) {
	at, n := int64(l.at), int64(len(l.items))
	v, ok := map[string]py.Value{
		"index": at + 1, "index0": at, "revindex": n - at, "revindex0": n - at - 1,
		"first": at == 0, "last": at == n-1, "length": n,
		"depth": int64(l.depth + 1), "depth0": int64(l.depth),
		"previtem": l.item(l.at-1, "there is no previous item"),
		"nextitem": l.item(l.at+1, "there is no next item"),
		"cycle":    py.Func(l.cycle), "changed": py.Func(l.isChanged),
	}[name]
	return v, ok
}

func (l *loopInfo) cycle(args []py.Value, _ *py.Dict) py.Value {
	if len(args) == 0 {
		py.Raise("TypeError", "no items for cycling given")
	}
	return args[l.at%len(args)]
}

func (l *loopInfo) isChanged(args []py.Value, _ *py.Dict) py.Value {
	same := l.called && py.Equal(l.changed, py.Tuple(args))
	l.changed, l.called = py.Tuple(args), true
	return !same
}

func (l *loopInfo) item(i int, what string) py.Value {
	if i < 0 || i >= len(l.items) {
		return py.Undefined{What: what}
	}
	return l.items[i]
}

// macro returns the function of a macro, which returns its output.
func (e *evaluator) macro(m *syntax.Macro, s *scope) py.Func {
	return func(args []py.Value, named *py.Dict) py.Value {
		if e.depth++; e.depth > maxDepth {
			py.Raise("RecursionError", "macros call each other too deep")
		}
		defer func() { e.depth-- }()
		inner := s.inner()
		e.bind(m, inner, args, named)
		var b strings.Builder
		py.Check(e.run(&b, m.Body, inner))
		return b.String()
	}
}

func (e *evaluator) bind(m *syntax.Macro, inner *scope, args []py.Value, named *py.Dict) {
	used := 0
	for i, p := range m.Params {
		v, given := named.Get(p.Name)
		switch {
		case i < len(args):
			v = args[i]
		case given:
			used++
		case p.Default != nil:
			v = e.eval(p.Default, inner)
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
		py.Raise("TypeError", "macro '%s' takes not more than %d argument(s)", m.Name, len(m.Params))
	}
	if used < named.Len() && !syntax.Mentions(m.Body, "kwargs") {
		py.Raise("TypeError", "macro '%s' takes no such keyword argument", m.Name)
	}
	for k, v := range named.All() {
		if !slices.ContainsFunc(m.Params, func(p syntax.Param) bool { return p.Name == k }) && k != "caller" {
			_ = inner.vars["kwargs"].(*py.Dict).Set(k, v)
		}
	}
}
