package jinja

import (
	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// maxRange is the limit of Jinja2's sandbox.
const maxRange = 100_000

// globals returns Jinja2's global functions, except lipsum.
func globals() map[string]py.Value {
	return map[string]py.Value{
		"range":     py.Func(makeRange),
		"dict":      py.Func(makeDict),
		"namespace": py.Func(makeNamespace),
		"cycler":    py.Func(makeCycler),
		"joiner":    py.Func(makeJoiner),
	}
}

func makeRange(args []py.Value, _ *py.Dict) py.Value {
	bounds := [3]int64{0, 0, 1}
	if len(args) == 0 || len(args) > 3 {
		return py.Raise("TypeError", "range takes 1 to 3 arguments, got %d", len(args))
	}
	for i, arg := range args {
		n, ok := py.Int(arg)
		if !ok {
			return py.Raise("TypeError", "'%s' object cannot be interpreted as an integer", py.TypeName(arg))
		}
		bounds[i] = n
	}
	r := py.Range{Start: bounds[0], Stop: bounds[1], Step: bounds[2]}
	if len(args) == 1 {
		r.Start, r.Stop = 0, bounds[0]
	}
	if r.Step == 0 {
		return py.Raise("ValueError", "range() arg 3 must not be zero")
	}
	if n := py.Len(r); n > maxRange || n < 0 {
		return py.Raise("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return r
}

func makeDict(args []py.Value, named *py.Dict) py.Value {
	d := py.NewDict()
	if len(args) > 0 {
		d = py.DictOf(args[0])
	}
	for k, v := range named.All() {
		py.Check(d.Set(k, v))
	}
	return d
}

// namespace is a value whose attributes can be set in a loop.
type namespace struct{ vars *py.Dict }

func makeNamespace(args []py.Value, named *py.Dict) py.Value {
	return &namespace{makeDict(args, named).(*py.Dict)}
}

// Attr implements py.Object.
func (n *namespace) Attr(name string) (py.Value, bool) { return n.vars.Get(name) }

// cycler returns its items in turn.
type cycler struct {
	items []py.Value
	at    int
}

func makeCycler(args []py.Value, _ *py.Dict) py.Value {
	if len(args) == 0 {
		return py.Raise("RuntimeError", "at least one item has to be provided")
	}
	return &cycler{items: args}
}

// Attr implements py.Object.
func (c *cycler) Attr(name string) (py.Value, bool) {
	switch name {
	case "current":
		return c.items[c.at], true
	case "next":
		return py.Func(func([]py.Value, *py.Dict) py.Value {
			v := c.items[c.at]
			c.at = (c.at + 1) % len(c.items)
			return v
		}), true
	case "reset":
		return py.Func(func([]py.Value, *py.Dict) py.Value { c.at = 0; return nil }), true
	}
	return nil, false
}

func makeJoiner(args []py.Value, named *py.Dict) py.Value {
	sep := py.Value(", ")
	if v, ok := named.Get("sep"); ok {
		sep = v
	}
	if len(args) > 0 {
		sep = args[0]
	}
	used := false
	return py.Func(func([]py.Value, *py.Dict) py.Value {
		if !used {
			used = true
			return ""
		}
		return sep
	})
}
