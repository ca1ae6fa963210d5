// Package jinja renders the Jinja2 templates that credsmash renders, as Jinja2
// 3.1 does with credsmash's settings and filters, byte for byte; docs/credsmash.md
// lists where it does not.
//
// [Parse] reads a template, [Template.Render] makes text of it. A template asks
// for secrets through the object that credsmash calls "secrets"; a [Lookup]
// answers. A Lookup may answer "not yet": the pass goes on with a value that is
// pending, which whatever is made of it is too, and [Template.Render] says so in
// the end. So one pass finds all secrets that can be known without another's
// value, and they are fetched at once; a branch that is not taken asks for
// nothing.
//
// The subpackages are syntax, the tree of a template, py, what Python's values
// do, and convert, which makes Go templates. This one evaluates: statements
// (statement.go), expressions (expression.go, operator.go, item.go), and the
// tables of filters, tests and global functions.
package jinja

import (
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
	"github.com/credrender/credrender/pkg/source"
)

// Template is a parsed template.
type Template struct {
	name  string
	nodes []syntax.Node
}

// Error is a fault of a template.
type Error struct {
	Template string
	Line     int
	Err      error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.Template, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// SecretError is a secret that cannot be had.
type SecretError struct {
	Name string // empty where Derived
	Err  error  // wraps a sentinel of package source
	// Derived: the name depends on another secret's value, and is not shown.
	Derived bool
}

func (e *SecretError) Error() string {
	if e.Derived {
		return fmt.Sprintf("secret (its name depends on a secret): %v", e.Err)
	}
	return fmt.Sprintf("secret %s: %v", source.Show(e.Name), e.Err)
}

// Unwrap returns the cause.
func (e *SecretError) Unwrap() error { return e.Err }

// Parse reads a template. The name is for messages. The error is an *Error.
func Parse(name, text string) (*Template, error) {
	nodes, err := syntax.Parse(text)
	if at, ok := errors.AsType[*syntax.Error](err); ok {
		return nil, &Error{name, at.Line, errors.New(at.What)}
	}
	t := &Template{name, nodes}
	if err := t.checkNames(); err != nil {
		return nil, err
	}
	return t, nil
}

// Lookup answers for the secret that a template asks for as key, a string or a
// tuple. Its ready is false while it is not known; an error that wraps
// source.ErrNotFound is a secret that does not exist.
type Lookup func(key py.Value) (value []byte, ready bool, err error)

// Context is what a template sees.
type Context struct {
	Vars    *py.Dict // names are strings
	ObjName string   // of the secrets
	Lookup  Lookup
}

// ErrPending is returned by Render where the text would depend on secrets that
// the Lookup was not ready for.
var ErrPending = errors.New("secrets are still to be fetched")

// Render renders the template. Every secret that is missing or refused is in
// the error as a *SecretError within an *Error, not the first alone.
func (t *Template) Render(c Context) (string, error) {
	e := &evaluator{name: t.name, secrets: &secrets{lookup: c.Lookup}, filters: filters(), tests: tests()}
	root := &scope{vars: globals()}
	for k, v := range c.Vars.All() {
		root.vars[k.(string)] = v
	}
	root.vars[c.ObjName] = e.secrets
	e.root = root
	var out strings.Builder
	err := e.run(&out, t.nodes, root)
	if e.secrets.pending {
		return "", ErrPending
	}
	if len(e.failed) > 0 {
		t.hideDerived(e.failed, c)
	}
	if len(e.failed) > 0 || err != nil {
		return "", errors.Join(append(e.failed, err)...)
	}
	return out.String(), nil
}

// errNotYet is why a secret has no value that is still to be fetched.
var errNotYet = errors.New("not fetched yet")

func pending() py.Value { return py.Undefined{What: "a secret", Loud: errNotYet} }

func isPending(vs ...py.Value) bool {
	for _, v := range vs {
		if u, ok := v.(py.Undefined); ok && u.Loud == errNotYet { //nolint:errorlint // it is never wrapped
			return true
		}
	}
	return false
}

// secrets is the object that templates find secrets in.
type secrets struct {
	lookup  Lookup
	pending bool
}

// Attr implements py.Object.
func (s *secrets) Attr(name string) (py.Value, bool) {
	if name != "get_str" {
		return nil, false
	}
	return py.Func(func(args []py.Value, named *py.Dict) (py.Value, error) {
		if len(args) != 1 || named.Len() > 0 {
			return nil, py.Errorf("TypeError", "get_str() takes one argument")
		}
		return s.get(args[0])
	}), true
}

// get returns a secret, or an Undefined that fails where it is used for one that
// does not exist.
func (s *secrets) get(key py.Value) (py.Value, error) {
	name, err := keyName(key)
	if err != nil {
		return nil, err
	}
	value, ready, err := s.lookup(key)
	switch {
	case !ready:
		s.pending = true
		return pending(), nil
	case errors.Is(err, source.ErrNotFound):
		return py.Undefined{What: "secret", Loud: &SecretError{Name: name, Err: err}}, nil
	case err != nil:
		return nil, &SecretError{Name: name, Err: err}
	}
	if text := string(value); strings.ToValidUTF8(text, "") == text {
		return text, nil
	}
	return nil, &SecretError{Name: name, Err: errors.New("is binary, which a template cannot hold")}
}

func keyName(key py.Value) (string, error) {
	switch key := key.(type) {
	case string:
		return key, nil
	case py.Markup:
		return string(key), nil
	case py.Tuple:
		for _, part := range key {
			if u, ok := part.(py.Undefined); ok {
				return "", u.Err()
			}
		}
		return py.Repr(key)
	case py.Undefined:
		return "", key.Err()
	}
	return "", py.Errorf("TypeError", "the name of a secret is a string, not %s", py.TypeName(key))
}

// Contains implements py.Container: a look that finds nothing is no error.
func (s *secrets) Contains(key py.Value) (bool, error) {
	v, err := s.get(key)
	if err != nil {
		return false, err
	}
	u, missing := v.(py.Undefined)
	if missing && isPending(v) {
		return false, u.Loud
	}
	return !missing, nil
}
