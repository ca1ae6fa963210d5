// Package py implements Python's values, as far as Jinja2 templates use them: printing,
// comparison, arithmetic and methods.
//
// A value is one of nil (None), bool, int64, float64, string, [Markup], *[List], [Tuple],
// *[Dict], *[Gen], [Undefined], [Func] or an [Object]. Integers beyond 64 bits are an
// error. Operations fail by a panic, which [Caught] recovers, with an *[Error]. It has
// Python's message if template authors may know it. No error contains a value that may be
// part of a secret.
//
// The types are in value.go and dict.go, the operators in operate.go, compare.go and
// index.go, the methods in methods.go and a file per type. repr.go and json.go print
// values; format.go and percent.go format them.
package py

import (
	"fmt"
	"unicode/utf8"
)

// Value is a value of Python.
type Value any

// List is a list, which templates can change.
type List struct{ Items []Value }

// NewList returns a list of items.
func NewList(items ...Value) *List { return &List{items} }

// Tuple is a tuple.
type Tuple []Value

// Gen is a generator or iterator: its items can be looped over, but not printed or counted.
type Gen struct{ Items []Value }

// View is the result of a dict's keys, values and items.
type View struct {
	Kind  string // dict_keys, dict_values or dict_items
	Items []Value
}

// Group is a named tuple of two parts, the items of groupby.
type Group struct {
	Grouper Value
	List    *List
}

// Attr implements Object.
func (g *Group) Attr(name string) (Value, bool) {
	switch name {
	case "grouper":
		return g.Grouper, true
	case "list":
		return g.List, true
	}
	return nil, false
}

func (g *Group) tuple() Tuple { return Tuple{g.Grouper, g.List} }

// Range is the result of range().
type Range struct{ Start, Stop, Step int64 }

// Func is a function.
type Func func(args []Value, named *Dict) Value

// Object is a value with attributes.
type Object interface {
	// Attr returns an attribute, or false if it does not exist.
	Attr(name string) (Value, bool)
}

// Undefined is a missing value. It is false and empty, and prints nothing. All other
// operations fail with Err.
type Undefined struct {
	What string // for messages, as "'x' is undefined"
	// Loud, if set, is the error of printing it, as for a missing secret.
	Loud error
}

// Err returns the error of an operation on u.
func (u Undefined) Err() error {
	if u.Loud != nil {
		return u.Loud
	}
	return &Error{"UndefinedError", u.What}
}

// Error is a Python exception.
type Error struct{ Kind, What string }

func (e *Error) Error() string { return e.Kind + ": " + e.What }

// failure is the panic of an operation that fails, as of a template that uses one. [Caught]
// recovers it. Nearly every operation of Python can fail.
type failure struct{ err error }

func failed(kind, format string, args ...any) failure { return failure{Errorf(kind, format, args...)} }

// Raise fails with an exception.
func Raise(kind, format string, args ...any) Value { panic(failed(kind, format, args...)) }

// Check fails with an error that is not nil.
func Check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// Must returns v, or fails.
func Must[T any](v T, err error) T {
	Check(err)
	return v
}

// Caught returns the value of f, or the error that it fails with.
func Caught[T any](f func() T) (v T, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = r.err
		default:
			panic(r)
		}
	}()
	return f(), nil
}

// Errorf returns an *Error.
func Errorf(kind, format string, args ...any) error {
	return &Error{kind, fmt.Sprintf(format, args...)}
}

// TypeName is Python's name of a value's type.
func TypeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case Markup:
		return "Markup"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *Gen:
		return "generator"
	case *View:
		return v.Kind
	case Range:
		return "range"
	case Func:
		return "function"
	case Undefined:
		return "Undefined"
	}
	return "object"
}

// Truth is bool(v).
func Truth(v Value) bool {
	switch v := v.(type) {
	case nil, Undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case Markup:
		return v != ""
	}
	n, err := Caught(func() int { return Len(v) })
	return err != nil || n > 0
}

// Text returns v if it is a string or Markup.
func Text(v Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Markup:
		return string(v), true
	}
	return "", false
}

// Len is len(v).
func Len(v Value) int {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v)
	case Markup:
		return utf8.RuneCountInString(string(v))
	case *List:
		return len(v.Items)
	case Tuple:
		return len(v)
	case *Dict:
		return v.Len()
	case *View:
		return len(v.Items)
	case *Group:
		return 2
	case Range:
		return int(v.len())
	case Undefined:
		Check(v.Loud)
		return 0
	}
	panic(failed("TypeError", "object of type '%s' has no len()", TypeName(v)))
}

func (r Range) len() int64 {
	switch {
	case r.Step > 0 && r.Start < r.Stop:
		return (r.Stop - r.Start + r.Step - 1) / r.Step
	case r.Step < 0 && r.Start > r.Stop:
		return (r.Start - r.Stop - r.Step - 1) / -r.Step
	}
	return 0
}

// Items returns the items of a loop over v.
func Items(v Value) []Value {
	switch v := v.(type) {
	case string:
		return chars(v)
	case Markup:
		return chars(string(v))
	case *List:
		return v.Items
	case Tuple:
		return v
	case *Dict:
		return v.Keys()
	case *Gen:
		items := v.Items
		v.Items = nil // a second loop sees nothing
		return items
	case *View:
		return v.Items
	case *Group:
		return v.tuple()
	case Range:
		items := make([]Value, 0, v.len())
		for i := range v.len() {
			items = append(items, v.Start+i*v.Step)
		}
		return items
	case Undefined:
		Check(v.Loud)
		return nil
	}
	panic(failed("TypeError", "'%s' object is not iterable", TypeName(v)))
}

func chars(s string) []Value {
	items := make([]Value, 0, len(s))
	for _, r := range s {
		items = append(items, string(r))
	}
	return items
}
