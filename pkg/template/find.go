package template

import (
	"slices"
	"sync"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// found are the functions that templates of this process call, by name. A table of all
// takes a sixth of the memory that a run with one secret allocates.
var found sync.Map

// asked is what asking returns. It has no initializer, because functions call find.
var (
	asked     map[string]function
	makeAsked sync.Once
)

// asking returns the functions that ask for something, by name.
func asking() map[string]function {
	makeAsked.Do(func() { asked = makeAsking() })
	return asked
}

// find returns a function by its name. One that does not exist has no name.
func find(name string) function {
	if f, ok := found.Load(name); ok {
		f, _ := f.(function)
		return f
	}
	f, ok := asking()[name]
	if !ok {
		plain, exists := funcs.Find(name)
		if !exists || plain.Impl == nil {
			return function{}
		}
		f = ready(plain, "")
	}
	if f.name = name; name == "now" {
		f.kind = Now
	}
	found.Store(name, f)
	return f
}

// names returns the names of all functions, sorted.
func names() []string {
	all := funcs.Callable()
	for name := range asking() {
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return find(name).name == "" })
}

// known is what the parser needs to know the names of functions.
var known = sync.OnceValue(func() map[string]any {
	all := make(map[string]any, 400)
	for name := range asking() {
		all[name] = true
	}
	for _, name := range append(funcs.Callable(), "and", "or", "call") {
		all[name] = true
	}
	return all
})
