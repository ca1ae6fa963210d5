package template

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Function describes a template function.
type Function struct {
	Group   string
	Name    string
	Aliases []string
	Args    string // in order; a value from a pipe is the last
	Summary string
	Example string // an action, or empty
	Result  string // what Example prints; empty if it asks for something
	Origin  string // how it relates to Sprig's function of the name
	// Volatile: the result is another at each run.
	Volatile bool
}

// Call returns a call of the function, such as "trunc LENGTH TEXT".
func (f Function) Call() string { return strings.TrimSpace(f.Name + " " + f.Args) }

// Functions describes all functions, in the order of the manual: the groups, and in each
// the most used first.
func Functions() []Function {
	treatments := funcs.Treatments()
	var all []Function
	for _, d := range funcs.Docs() {
		names := strings.Fields(d.Names)
		all = append(all, Function{
			Group: d.Group, Name: names[0], Aliases: names[1:], Args: d.Args, Summary: d.Does,
			Example: d.Example, Volatile: find(names[0]).Has(funcs.Volatile), Origin: origin(treatments[names[0]], names[0]),
		})
	}
	return all
}

// origin says how a function relates to Sprig's.
func origin(t funcs.Treatment, name string) string {
	if _, listed := funcs.Treatments()[name]; !listed {
		return "credrender's own"
	}
	switch t {
	case funcs.Unchanged:
		return "Sprig's"
	case funcs.Strict:
		return "Sprig's, but an error where Sprig's invents a value"
	case funcs.Replaced:
		return "Sprig's, with differences ('credrender help conversions')"
	}
	return "credrender's own"
}

// Evaluate returns the function with the Result of its Example, if that asks for nothing.
func (f Function) Evaluate(ctx context.Context) Function {
	if f.Example == "" || f.Volatile {
		return f
	}
	t, err := Parse(f.Example, Options{Name: f.Name})
	if err != nil {
		return f
	}
	utc := Host{LoadLocation: func(string) (*time.Location, error) { return time.UTC, nil }}
	if out, err := Render(ctx, t, Resolver{Host: utc}); err == nil {
		f.Result = string(out.Bytes)
	}
	return f
}

// FindFunction returns the function of a name. If there is none, near is what was probably
// meant, or what to write for a function of another program, or empty.
func FindFunction(name string) (f Function, near string, ok bool) {
	var names []string
	for _, f := range Functions() {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f, "", true
		}
		names = append(names, f.Name)
	}
	return Function{}, meant(name, names), false
}

// IsPeerFunction reports whether a name is that of a function of another program.
func IsPeerFunction(name string) bool {
	_, ok := peerFunctions()[name]
	return ok
}
