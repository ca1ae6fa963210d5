package jinja

import (
	"errors"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// scope holds the variables of a block.
type scope struct {
	vars   map[string]py.Value
	parent *scope
}

func (s *scope) inner() *scope { return &scope{map[string]py.Value{}, s} }

func (s *scope) get(name string) (py.Value, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// evaluator is the state of one rendering.
type evaluator struct {
	name    string
	secrets *secrets
	root    *scope
	depth   int // of macro calls
	failed  []error
	filters map[string]filter
	tests   map[string]test
}

const maxDepth = 200

// maxOutput bounds the output of a template, to protect the host's memory.
const maxOutput = 64 << 20

var errOutput = errors.New("the output grows beyond 64 MiB")

func (e *evaluator) run(out *strings.Builder, nodes []syntax.Node, s *scope) error {
	for _, n := range nodes {
		if out.Len() > maxOutput {
			return errOutput
		}
		if err := e.node(out, n, s); err != nil {
			return err
		}
	}
	return nil
}

// at adds the position to an error that has none. Errors about secrets are collected, and
// rendering continues to find the others. It also continues after other errors while a
// secret is pending, because its value may change them.
func (e *evaluator) at(line int, err error) error {
	if err == nil || errors.Is(err, errNotYet) {
		return nil
	}
	placed, ok := errors.AsType[*Error](err)
	if !ok {
		placed = &Error{e.name, line, err}
	}
	if _, ok := errors.AsType[*SecretError](err); ok {
		if !slices.ContainsFunc(e.failed, func(held error) bool { return held.Error() == placed.Error() }) {
			e.failed = append(e.failed, placed)
		}
		return nil
	}
	if e.secrets.pending {
		return nil
	}
	return placed
}

func (e *evaluator) node(out *strings.Builder, n syntax.Node, s *scope) error {
	switch n := n.(type) {
	case *syntax.Text:
		out.WriteString(n.Text)
	case *syntax.Print:
		v, err := e.value(n.X, s)
		return e.print(out, n.Line, v, err)
	case *syntax.If:
		v, err := e.value(n.Test, s)
		if err != nil || isPending(v) {
			return e.at(n.Line, err)
		}
		if py.Truth(v) {
			return e.run(out, n.Body, s)
		}
		return e.run(out, n.Else, s)
	case *syntax.For:
		return e.forLoop(out, n, s)
	case *syntax.Set:
		return e.set(n, s)
	case *syntax.SetBlock:
		return e.setBlock(n, s)
	case *syntax.Macro:
		s.vars[n.Name] = e.macro(n, s)
	case *syntax.CallBlock:
		v, err := py.Caught(func() py.Value { return e.call(n.Call, s, e.macro(n.Caller, s)) })
		return e.print(out, n.Line, v, err)
	case *syntax.FilterBlock:
		v, err := e.filtered(n.Filter, n.Body, s)
		return e.print(out, n.Line, v, err)
	case *syntax.With:
		return e.with(out, n, s)
	case *syntax.Block:
		return e.run(out, n.Body, e.root.inner())
	case *syntax.Load:
		return e.at(n.Line, py.Errorf("TypeError", "no loader for this environment specified: credsmash's templates cannot %s others", n.Tag))
	}
	return nil
}

// value evaluates an expression of a statement.
func (e *evaluator) value(x syntax.Expr, s *scope) (py.Value, error) {
	return py.Caught(func() py.Value { return e.eval(x, s) })
}

// print writes the value of a tag, unless err is set.
func (e *evaluator) print(out *strings.Builder, line int, v py.Value, err error) error {
	if err != nil {
		return e.at(line, err)
	}
	text, err := py.Caught(func() string { return py.Str(v) })
	out.WriteString(text)
	return e.at(line, err)
}

func (e *evaluator) set(n *syntax.Set, s *scope) error {
	v, err := e.value(n.X, s)
	if err != nil {
		v = pending() // rendering continues only to find other requests
		err = e.at(n.Line, err)
	}
	if err == nil {
		err = e.at(n.Line, e.assigned(n.Target, v, s))
	}
	return err
}

// assigned assigns the value of a statement.
func (e *evaluator) assigned(target syntax.Expr, v py.Value, s *scope) error {
	_, err := py.Caught(func() py.Value { e.assign(target, v, s); return nil })
	return err
}

func (e *evaluator) assign(target syntax.Expr, v py.Value, s *scope) {
	switch t := target.(type) {
	case *syntax.Name:
		s.vars[t.Name] = v
	case *syntax.NSRef:
		held, _ := s.get(t.Name)
		ns, ok := held.(*namespace)
		if !ok {
			py.Raise("TemplateRuntimeError", "cannot assign attribute on non-namespace object")
		}
		ns.vars.Put(t.Attr, v)
	case *syntax.Tuple:
		e.unpack(t.Items, v, s)
	}
}

func (e *evaluator) unpack(targets []syntax.Expr, v py.Value, s *scope) {
	items := slices.Repeat([]py.Value{v}, len(targets))
	if !isPending(v) {
		items = py.Items(v)
	}
	if len(items) != len(targets) {
		py.Raise("ValueError", "%d values to unpack, expected %d", len(items), len(targets))
	}
	for i, t := range targets {
		e.assign(t, items[i], s)
	}
}

func (e *evaluator) setBlock(n *syntax.SetBlock, s *scope) error {
	v, err := e.filtered(n.Filter, n.Body, s)
	if err != nil {
		return e.at(n.Line, err)
	}
	return e.at(n.Line, e.assigned(n.Target, v, s))
}

// filtered returns the output of a block after filters.
func (e *evaluator) filtered(filter syntax.Expr, body []syntax.Node, s *scope) (py.Value, error) {
	var b strings.Builder
	if err := e.run(&b, body, s.inner()); err != nil {
		return nil, err
	}
	return py.Caught(func() py.Value { return e.through(filter, b.String(), s) })
}

func (e *evaluator) with(out *strings.Builder, n *syntax.With, s *scope) error {
	inner := s.inner()
	for i, target := range n.Targets {
		v, err := e.value(n.Values[i], s)
		if err == nil {
			err = e.assigned(target, v, inner)
		}
		if err = e.at(n.Line, err); err != nil {
			return err
		}
	}
	return e.run(out, n.Body, inner)
}
