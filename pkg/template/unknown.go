package template

import (
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// unknown is a value that a pass does not know. It is a map, so that text/template finds
// any field in it, unknown too; and it is nil, so that and ends at it. The condition of
// a branch goes through [pass.branch], which recognizes it by its type.
type unknown map[string]unknown

func unknownValue() reflect.Value { return reflect.ValueOf(unknown(nil)) }

// truthy returns an unknown that counts as true.
func truthy() reflect.Value { return reflect.ValueOf(unknown{"": nil}) }

// unknownList is the unknown result of a function that always returns a list or map. It
// cannot be printed, whatever it holds, and that is the template's fault.
type unknownList map[string]unknown

// unknownOf returns the unknown result of a function.
func unknownOf(f function) reflect.Value {
	if f.returnsList() {
		return reflect.ValueOf(unknownList(nil))
	}
	return unknownValue()
}

// isUnknown reports whether v is unknown as a whole.
func isUnknown(v reflect.Value) bool {
	return v.IsValid() && (v.Type() == reflect.TypeFor[unknown]() || isUnknownList(v))
}

func isUnknownList(v reflect.Value) bool {
	v = concrete(v)
	return v.IsValid() && v.Type() == reflect.TypeFor[unknownList]()
}

// concrete returns the value in an interface.
func concrete(v reflect.Value) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// maxSize bounds how many items a value holds when it is written out: a map that holds
// another twice, and so on, doubles at each level.
const maxSize = 5_000_000

// maxValueDepth bounds how deep lists and maps are nested: what writes a value calls itself
// for each level, and a goroutine's stack has an end that no program survives.
const maxValueDepth = 2_000

// survey is what a walk through maps and lists has found. It visits each of them once.
type survey struct {
	text    bool // strings are looked into
	binary  bool // one of them is not UTF-8
	unknown bool // an unknown is somewhere below
	mutable bool // a map or list of anything is
	sizes   map[container]int
	depth   int
}

type container struct {
	ptr uintptr
	len int
}

// look surveys values. One that contains itself or is too large is an error.
func look(values ...reflect.Value) (survey, error) { return survey{}.of(values...) }

func (s survey) of(values ...reflect.Value) (survey, error) {
	for _, v := range values {
		size, err := s.size(v)
		if err != nil {
			return s, err
		}
		if size > maxSize {
			return s, funcs.Problem(fmt.Sprintf("a value contains more than %d items", maxSize))
		}
	}
	return s, nil
}

const visiting = -1

func (s *survey) size(v reflect.Value) (int, error) {
	v = concrete(v)
	if !v.IsValid() {
		return 1, nil
	}
	if isUnknown(v) {
		s.unknown = true
		return 1, nil
	}
	switch v.Kind() {
	case reflect.String:
		if v.Len() > funcs.MaxBytes {
			return 0, funcs.Problem(fmt.Sprintf("a value is larger than %d MiB", funcs.MaxBytes>>20))
		}
		s.binary = s.binary || s.text && !utf8.ValidString(v.String())
		return 1, nil
	case reflect.Map, reflect.Slice, reflect.Array:
		switch v.Type().Elem().Kind() {
		case reflect.Interface, reflect.Map, reflect.Slice, reflect.Array, reflect.String:
			return s.container(v)
		}
		return 1 + v.Len()/16, nil
	}
	return 1, nil
}

func (s *survey) container(v reflect.Value) (int, error) {
	s.mutable = true
	if s.sizes == nil {
		s.sizes = map[container]int{}
	}
	var id container
	if v.Kind() != reflect.Array {
		id = container{v.Pointer(), v.Len()}
		switch size, ok := s.sizes[id]; {
		case size == visiting:
			return 0, funcs.Problem("a value contains itself")
		case ok:
			return size, nil
		}
		s.sizes[id] = visiting
	}
	if s.text && v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String {
		for it := v.MapRange(); it.Next(); {
			s.binary = s.binary || !utf8.ValidString(it.Key().String())
		}
	}
	if s.depth == maxValueDepth {
		return 0, funcs.Problem(fmt.Sprintf("a value is nested more than %d deep", maxValueDepth))
	}
	s.depth++
	defer func() { s.depth-- }()
	size := 1
	for e := range document.Elements(v) {
		n, err := s.size(e)
		if err != nil {
			return 0, err
		}
		size = min(size+n, maxSize+1)
	}
	if v.Kind() != reflect.Array {
		s.sizes[id] = size
	}
	return size, nil
}

// zero replaces a document's number that is zero where text/template tests for truth.
// To text/template a struct is always true and an empty list never is; the number is
// kept behind the end of the list.
type zero []document.Number

func (z zero) number() document.Number { return z[:1][0] }

// String returns the number as it was written.
func (z zero) String() string { return z.number().String() }

// numberIn returns a document's number that v holds.
func numberIn(v reflect.Value) (n document.Number, ok bool) {
	if v = concrete(v); v.IsValid() && v.CanInterface() {
		n, ok = v.Interface().(document.Number)
	}
	return n, ok
}

// truth returns v, or a [zero] if v is a document's number that is zero.
func truth(v reflect.Value) reflect.Value {
	if n, ok := numberIn(v); ok && n.IsZero() {
		return reflect.ValueOf(zero{n}[:0])
	}
	return v
}

// restored undoes truth.
func restored(v reflect.Value) reflect.Value {
	if c := concrete(v); c.IsValid() && c.Type() == reflect.TypeFor[zero]() {
		return reflect.ValueOf(c.Interface().(zero).number())
	}
	return v
}

// pend returns an argument of or. An unknown one must end the or, so it becomes a map
// that is not empty.
func pend(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return truthy()
	}
	return truth(v)
}

// logicResult undoes pend and truth.
func logicResult(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return unknownValue()
	}
	return restored(v)
}

// fieldOf returns a field of nested maps: nil where one is missing, unknown in something
// unknown.
func fieldOf(v reflect.Value, path ...string) (reflect.Value, error) {
	missing := reflect.Zero(reflect.TypeFor[any]())
	for _, name := range path {
		v = concrete(v)
		switch {
		case isUnknown(v):
			return v, nil
		case !v.IsValid():
			return missing, nil
		case v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String:
			return v, &callError{err: funcs.Problem("can't evaluate field " + name + " in type " + v.Type().String())}
		}
		if v = v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key())); !v.IsValid() {
			return missing, nil
		}
	}
	return v, nil
}
