// Package jinja renders the Jinja2 templates of credsmash. The output equals that of
// Jinja2 3.1 with credsmash's settings and filters, byte for byte; docs/credsmash.md lists
// the exceptions.
//
// [Parse] parses a template, and [Template.Render] renders it. Templates request secrets
// through an object, "secrets" by default, and a [Lookup] returns their values. A Lookup
// may report that a secret has not been fetched yet. Rendering then continues with a
// pending value, everything that depends on it is pending too, and [Template.Render]
// returns [ErrPending]. Thus one pass finds all secrets whose names do not depend on
// another secret, for one batch. A branch that is not taken requests nothing.
//
// Package syntax parses templates, package py implements Python's values, and package
// convert converts templates to Go templates. This package evaluates statements
// (statement.go, loop.go) and expressions (expression.go, operator.go), and has the tables of
// filters, tests and global functions. An expression that fails panics, as package py
// describes, and its statement catches that.
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

// Error is an error in a template.
type Error struct {
	Template string
	Line     int
	Err      error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.Template, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// SecretError is the error for a secret that is missing or refused.
type SecretError struct {
	Name string // empty where Derived
	Err  error  // wraps a sentinel of package source
	// Derived is set if the name depends on another secret's value and is not shown.
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

// Parse parses a template. The name is for messages. The error is an *Error.
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

// Lookup returns the value of the secret with a key, which is a string or a tuple. ready
// is false until the secret has been fetched. An error that wraps source.ErrNotFound
// means that the secret does not exist.
type Lookup func(key py.Value) (value []byte, ready bool, err error)

// Context has the variables and secrets of a template.
type Context struct {
	Vars    *py.Dict // names are strings
	ObjName string   // of the secrets
	Lookup  Lookup
}

// ErrPending is the error of Render if the text depends on secrets that have not been
// fetched.
var ErrPending = errors.New("secrets are still to be fetched")

// Render renders the template. The error contains all missing and refused secrets, each
// as a *SecretError in an *Error.
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

// errNotYet is the error of a pending value.
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

// secrets is the object with the secrets of a template.
type secrets struct {
	lookup  Lookup
	pending bool
}

// Attr implements py.Object.
func (s *secrets) Attr(name string) (py.Value, bool) {
	if name != "get_str" {
		return nil, false
	}
	return py.Func(func(args []py.Value, named *py.Dict) py.Value {
		if len(args) != 1 || named.Len() > 0 {
			py.Raise("TypeError", "get_str() takes one argument")
		}
		return py.Must(s.get(args[0]))
	}), true
}

// get returns a secret. If it does not exist, it returns an Undefined whose use fails.
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
		return py.Caught(func() string { return py.Repr(key) })
	case py.Undefined:
		return "", key.Err()
	}
	return "", py.Errorf("TypeError", "the name of a secret is a string, not %s", py.TypeName(key))
}

// Contains implements py.Container. A secret that does not exist is not an error here.
func (s *secrets) Contains(key py.Value) bool {
	v := py.Must(s.get(key))
	u, missing := v.(py.Undefined)
	if missing && isPending(v) {
		py.Check(u.Loud)
	}
	return !missing
}

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
