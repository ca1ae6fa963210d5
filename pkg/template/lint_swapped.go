package template

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// swapped reports a call whose arguments seem to be in the wrong order: one of a type
// that its function cannot take there, or a constant as the text, list or map that the
// function is about, while an argument before it is computed.
func (l *linter) swapped(id *parse.IdentifierNode, args []reflect.Value) bool {
	f := find(id.Ident)
	if f.name == "" || len(args) < 2 {
		return false
	}
	order := argumentsOf(id.Ident)
	in, variadic := f.params()
	for i, arg := range args {
		if !arg.IsValid() || !variadic && i >= len(in) {
			continue
		}
		if t := typeOf(in, variadic, i); !takes(t, arg) {
			l.add(id.Pos, Swapped, "%s fails: it takes %s, and argument %d is %s", id.Ident, order, i+1, described(arg))
			return true
		}
	}
	last := args[len(args)-1]
	if !last.IsValid() || args[0].IsValid() {
		return false
	}
	switch id.Ident {
	case "default", "required":
		l.add(id.Pos, Swapped, "%s takes %s: its VALUE is a constant, so the other argument has no effect", id.Ident, order)
	case "contains", "hasPrefix", "hasSuffix", "trimPrefix", "trimSuffix", "trimAll", "trimall", "replace", "split", "splitList",
		"regexMatch", "mustRegexMatch", "regexFind", "mustRegexFind", "toDate", "mustToDate", "htpasswd":
		l.add(id.Pos, Swapped, "%s takes %s: the last is a constant and the first is not", id.Ident, order)
	case "join", "has", "mustHas", "dig":
		if last.Kind() != reflect.String {
			return false
		}
		l.add(id.Pos, Swapped, "%s takes %s: the last is a text", id.Ident, order)
	default:
		return false
	}
	return true
}

// takes reports whether a parameter takes a constant.
func takes(t reflect.Type, arg reflect.Value) bool {
	if !isParameter(t) {
		_, ok := convert(arg, t)
		return ok
	}
	if arg.Kind() != reflect.String {
		return arg.CanInt() || arg.CanUint() || arg.CanFloat()
	}
	_, err := funcs.Count(arg.Interface())
	return err == nil
}

func described(arg reflect.Value) string {
	switch {
	case arg.Kind() == reflect.String:
		return fmt.Sprintf("the text %q", arg.String())
	case arg.Kind() == reflect.Bool:
		return "true or false"
	case arg.CanInt() || arg.CanUint() || arg.CanFloat():
		return "a number"
	}
	return "a list or map"
}

// argumentsOf returns the arguments of a function, in order.
func argumentsOf(name string) string {
	for _, d := range funcs.Docs() {
		if slices.Contains(strings.Fields(d.Names), name) {
			return d.Args
		}
	}
	return "other arguments"
}
