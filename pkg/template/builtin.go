package template

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/template"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// builtins are text/template's own functions that it does not export, each as
// a template of one call for each number of arguments that is wanted.
type builtins map[string]*template.Template

// builtinKeeps names them, with what must be known of their arguments. and, or
// and call are left to text/template; those that compare are in the table of
// package funcs.
func builtinKeeps() map[string]func(i, n int) funcs.Depth {
	return map[string]func(i, n int) funcs.Depth{
		"index": funcs.Each(funcs.Inner, funcs.Exact),
		"len":   funcs.Each(funcs.Inner),
	}
}

// builtinCall is the data of such a template.
type builtinCall struct {
	Args []any
	out  any
}

// Return keeps a result.
func (c *builtinCall) Return(v any) string {
	c.out = v
	return ""
}

func builtinKey(name string, args int) string { return fmt.Sprintf("%s/%d", name, args) }

// add makes a function ready to be called with up to a number of arguments.
func (b builtins) add(name string, args int) error {
	for n := range args + 1 {
		var src strings.Builder
		fmt.Fprintf(&src, "{{.Return (%s", name)
		for i := range n {
			fmt.Fprintf(&src, " (index .Args %d)", i)
		}
		src.WriteString(")}}")
		t, err := template.New(name).Parse(src.String())
		if err != nil {
			return err
		}
		b[builtinKey(name, n)] = t
	}
	return nil
}

func (b builtins) call(name string, args []reflect.Value) (reflect.Value, error) {
	t, ok := b[builtinKey(name, len(args))]
	if !ok {
		return reflect.Value{}, funcs.Problem(fmt.Sprintf("it was given %d arguments", len(args)))
	}
	c := &builtinCall{Args: make([]any, len(args))}
	for i, a := range args {
		if a = restored(a); a.IsValid() {
			c.Args[i] = a.Interface()
		}
	}
	if err := t.Execute(io.Discard, c); err != nil {
		if inner := errors.Unwrap(errors.Unwrap(err)); inner != nil {
			return reflect.Value{}, funcs.Describe(inner)
		}
		return reflect.Value{}, funcs.Problem(fmt.Sprintf("it cannot take %d arguments", len(args)))
	}
	return reflect.ValueOf(c.out), nil
}
