package template

import (
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// include NAME DATA executes a definition and returns what it prints. The rewriter
// replaces its calls by includeAt; only what calls it without arguments gets here.
func include(*pass, string, any) (string, error) { return "", errInclude }

var errInclude = funcs.Problem("it takes NAME and DATA")

// capture collects what a definition prints for include.
type capture struct {
	text    []byte
	unknown bool // some of it is not known, or depends on a branch that was not entered
}

// nestedError is the error of an execution within include.
type nestedError struct{ err error }

func (e *nestedError) Error() string { return "include failed" }

func (e *nestedError) Unwrap() error { return e.err }

// includeAt is include at a site. What is printed within it belongs to the places of the
// definition, below the path of the site; what the action around include prints is one
// place, known only if all of it is.
func (p *pass) includeAt(id int, args ...reflect.Value) (reflect.Value, error) {
	f := find("include")
	for i := range args {
		args[i] = restored(concrete(args[i]))
	}
	switch {
	case len(args) != 2:
		return p.faultOf("include", f, errInclude)
	case isUnknown(args[0]):
		return p.shrug(f, args)
	case args[0].Kind() != reflect.String:
		return p.faultOf("include", f, funcs.Problem("its NAME is not a string"))
	case p.t.trees[args[0].String()] == nil || args[0].String() == rootName:
		return p.faultOf("include", f, &funcs.Failure{
			Text: fmt.Sprintf("template %q is not defined here or in a partial", args[0].String()), Safe: "no template has that name"})
	}
	var data any
	if args[1].IsValid() {
		data = args[1].Interface()
	}
	if err := p.tick(); err != nil {
		return reflect.Value{}, &callError{"include", err}
	}
	if err := p.push(id); err != nil {
		return reflect.Value{}, err
	}
	outer, own := p.captured, &capture{}
	p.captured = own
	err := p.executed.ExecuteTemplate(p, args[0].String(), data)
	p.captured = outer
	if err != nil {
		return reflect.Value{}, &nestedError{err}
	}
	p.done(id)
	if err := p.grow(len(own.text)); err != nil {
		return reflect.Value{}, &callError{"include", err}
	}
	switch {
	case own.unknown:
		return unknownValue(), nil
	case !utf8.Valid(own.text):
		return p.faultOf("include", f, funcs.Problem("what it returns is not UTF-8: use b64enc"))
	}
	return reflect.ValueOf(string(own.text)), nil
}

// write adds to what a definition prints.
func (c *capture) write(b []byte) (int, error) {
	if len(c.text)+len(b) > funcs.MaxBytes {
		return 0, funcs.Problem(fmt.Sprintf("what include returns is larger than %d MiB", funcs.MaxBytes>>20))
	}
	c.text = append(c.text, b...)
	return len(b), nil
}
