package template

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// function is an entry of the table, made ready.
type function struct {
	funcs.Func
	// kind is what the function asks for by name; empty for most.
	kind Kind
	name string
	impl reflect.Value
	asks bool // its first parameter is the pass
}

// errUnknown is the error of a function whose answer is not known yet.
var errUnknown = errors.New("not known yet")

// errHalt ends a pass where nothing is certain any more, or where the real
// pass is certain to fail.
var errHalt = errors.New("halted")

// callError is an error of a function, on its way through text/template.
type callError struct {
	name string
	err  error // *askError, *funcs.Failure, or that of the context
}

func (e *callError) Error() string { return "function failed" }

// askError is the error of a query.
type askError struct {
	query Query
	err   error
}

func (e *askError) Error() string { return "query failed" }

func (e *askError) Unwrap() error { return e.err }

func ready(f funcs.Func, kind Kind) function {
	fn := function{Func: f, kind: kind, impl: reflect.ValueOf(f.Impl)}
	if fn.impl.IsValid() && fn.impl.Type().NumIn() > 0 {
		first := fn.impl.Type().In(0)
		fn.asks = first == reflect.TypeFor[*pass]() || first == reflect.TypeFor[funcs.Clock]()
	}
	return fn
}

// params returns the types of the arguments that a template passes, and whether the
// last is variadic.
func (f function) params() (in []reflect.Type, variadic bool) {
	t := f.impl.Type()
	for i := range t.NumIn() {
		if i > 0 || !f.asks {
			in = append(in, t.In(i))
		}
	}
	return in, t.IsVariadic()
}

// returnsList reports whether f always returns a list, map or struct, which has no
// text of its own.
func (f function) returnsList() bool {
	t := f.impl.Type().Out(0)
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Struct:
		return !t.Implements(reflect.TypeFor[fmt.Stringer]()) && t != reflect.TypeFor[[]byte]()
	}
	return false
}

// strict returns f for a real pass with its own types, so that text/template checks the
// arguments. It takes numbers of any type, which call converts.
func (p *pass) strict(name string, f function) any {
	in, variadic := f.params()
	for i, t := range in {
		switch {
		case isParameter(t):
			in[i] = reflect.TypeFor[any]()
		case variadic && i == len(in)-1 && isParameter(t.Elem()):
			in[i] = reflect.TypeFor[[]any]()
		}
	}
	result := f.impl.Type().Out(0)
	typ := reflect.FuncOf(in, []reflect.Type{result, reflect.TypeFor[error]()}, variadic)
	return reflect.MakeFunc(typ, func(args []reflect.Value) []reflect.Value {
		if variadic {
			last := args[len(args)-1]
			args = args[:len(args)-1]
			for i := range last.Len() {
				args = append(args, last.Index(i))
			}
		}
		out, err := p.call(f, args)
		if err != nil {
			return []reflect.Value{reflect.Zero(result), reflect.ValueOf(&callError{name, err})}
		}
		return []reflect.Value{out, reflect.Zero(reflect.TypeFor[error]())}
	}).Interface()
}

// lift returns f for values that may be unknown: a result that needs one is unknown.
func (p *pass) lift(name string, f function) func(args ...reflect.Value) (reflect.Value, error) {
	return func(args ...reflect.Value) (reflect.Value, error) {
		for i := range args {
			args[i] = concrete(args[i])
		}
		if !p.real && !enough(f, args) {
			return p.shrug(f, args)
		}
		if f.Like != nil && !p.real {
			if p.blames { // whether it fails does not depend on chance
				if _, err := p.callLoose(f, args); err != nil {
					return p.faultOf(name, f, err)
				}
			}
			p.random = p.random || !p.likely
			if p.likely {
				return reflect.ValueOf(f.Like), p.tick()
			}
			return unknownOf(f), p.tick()
		}
		out, err := p.callLoose(f, args)
		if err == nil {
			return out, nil
		}
		return p.faultOf(name, f, err)
	}
}

// faultOf returns what an error means to the pass.
func (p *pass) faultOf(name string, f function, err error) (reflect.Value, error) {
	ask, isAsk := errors.AsType[*askError](err)
	switch {
	case p.real:
		return reflect.Value{}, &callError{name, err}
	case p.ctx.Err() != nil:
		return reflect.Value{}, errHalt
	case errors.Is(err, errUnknown), isAsk && !errors.Is(ask.err, ErrNotAllowed), p.tolerant, p.likely:
		return unknownOf(f), nil // likely: what stands for a random result need not convert
	}
	p.heard[p.said(name, funcs.Describe(err).Text)] = true
	return reflect.Value{}, errHalt
}

// enough reports whether what is known of args suffices to call f.
func enough(f function, args []reflect.Value) bool {
	for i, a := range args {
		depth := funcs.Exact
		if f.Keeps != nil {
			depth = f.Keeps(i, len(args))
		}
		switch depth {
		case funcs.Inner:
			if isUnknown(a) {
				return false
			}
		case funcs.Exact:
			if s, err := look(a); err == nil && s.unknown {
				return false
			}
		}
	}
	return true
}

// shrug returns the unknown result of a call that is not made. If the call would have
// changed a map, nothing is certain any more, because others may see that map.
func (p *pass) shrug(f function, args []reflect.Value) (reflect.Value, error) {
	if err := p.tick(); err != nil {
		return reflect.Value{}, errHalt
	}
	if f.Has(funcs.Mutates) && (p.escaped || !isUnknown(args[0])) {
		return reflect.Value{}, errHalt
	}
	if s, err := look(args...); err != nil || s.mutable {
		p.escaped = true
	}
	return unknownOf(f), nil
}

// callLoose checks args as text/template would.
func (p *pass) callLoose(f function, args []reflect.Value) (reflect.Value, error) {
	in, variadic := f.params()
	if len(args) < len(in) && !(variadic && len(args) == len(in)-1) || len(args) > len(in) && !variadic {
		return reflect.Value{}, funcs.Problem(fmt.Sprintf("it was given %d arguments", len(args)))
	}
	converted := make([]reflect.Value, len(args))
	for i, a := range args {
		var ok bool
		if converted[i], ok = convert(a, typeOf(in, variadic, i)); !ok {
			return reflect.Value{}, funcs.Problem("it was given an argument of the wrong type")
		}
	}
	return p.call(f, converted)
}

// call calls f with arguments of its types, or any number where it takes one. A
// panic becomes an error.
func (p *pass) call(f function, args []reflect.Value) (out reflect.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = funcs.Describe(r)
		}
	}()
	if err := p.spend(costOf(f, args)); err != nil {
		return out, err
	}
	args, err = f.arguments(args)
	if err != nil {
		return out, err
	}
	in := args
	if f.asks {
		in = append([]reflect.Value{reflect.ValueOf(p)}, args...)
	}
	if p.busy != nil {
		p.busy.Store(&f.name)
		defer p.busy.Store(nil)
	}
	results := f.impl.Call(in)
	if len(results) == 2 && !results[1].IsNil() {
		return out, cause(results[1].Interface().(error))
	}
	if f.Has(funcs.Mutates) {
		if _, err := look(args[0]); err != nil {
			return out, err
		}
	}
	if list := results[0]; list.Kind() == reflect.Slice && list.IsNil() { // encoders write null for it
		results[0] = reflect.MakeSlice(list.Type(), 0, 0)
	}
	if err := p.keep(f, results[0]); err != nil {
		return out, err
	}
	return results[0], f.checkResult(results[0], args)
}

// cause returns our own errors as they are and all others as a Failure.
func cause(err error) error {
	if _, ok := errors.AsType[*askError](err); ok || errors.Is(err, errUnknown) {
		return err
	}
	return funcs.Describe(err)
}
