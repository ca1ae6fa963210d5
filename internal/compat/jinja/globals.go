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

func makeRange(args []py.Value, _ *py.Dict) (py.Value, error) {
	bounds := [3]int64{0, 0, 1}
	if len(args) == 0 || len(args) > 3 {
		return nil, py.Errorf("TypeError", "range takes 1 to 3 arguments, got %d", len(args))
	}
	for i, arg := range args {
		n, ok := py.Int(arg)
		if !ok {
			return nil, py.Errorf("TypeError", "'%s' object cannot be interpreted as an integer", py.TypeName(arg))
		}
		bounds[i] = n
	}
	r := py.Range{Start: bounds[0], Stop: bounds[1], Step: bounds[2]}
	if len(args) == 1 {
		r.Start, r.Stop = 0, bounds[0]
	}
	if r.Step == 0 {
		return nil, py.Errorf("ValueError", "range() arg 3 must not be zero")
	}
	if n, _ := py.Len(r); n > maxRange || n < 0 {
		return nil, py.Errorf("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return r, nil
}

func makeDict(args []py.Value, named *py.Dict) (py.Value, error) {
	d := py.NewDict()
	if len(args) > 0 {
		var err error
		if d, err = py.DictOf(args[0]); err != nil {
			return nil, err
		}
	}
	for k, v := range named.All() {
		if err := d.Set(k, v); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// namespace is a value whose attributes can be set in a loop.
type namespace struct{ vars *py.Dict }

func makeNamespace(args []py.Value, named *py.Dict) (py.Value, error) {
	v, err := makeDict(args, named)
	d, _ := v.(*py.Dict)
	return &namespace{d}, err
}

// Attr implements py.Object.
func (n *namespace) Attr(name string) (py.Value, bool) { return n.vars.Get(name) }

// cycler returns its items in turn.
type cycler struct {
	items []py.Value
	at    int
}

func makeCycler(args []py.Value, _ *py.Dict) (py.Value, error) {
	if len(args) == 0 {
		return nil, py.Errorf("RuntimeError", "at least one item has to be provided")
	}
	return &cycler{items: args}, nil
}

// Attr implements py.Object.
func (c *cycler) Attr(name string) (py.Value, bool) {
	switch name {
	case "current":
		return c.items[c.at], true
	case "next":
		return py.Func(func([]py.Value, *py.Dict) (py.Value, error) {
			v := c.items[c.at]
			c.at = (c.at + 1) % len(c.items)
			return v, nil
		}), true
	case "reset":
		return py.Func(func([]py.Value, *py.Dict) (py.Value, error) { c.at = 0; return nil, nil }), true
	}
	return nil, false
}

func makeJoiner(args []py.Value, named *py.Dict) (py.Value, error) {
	sep := py.Value(", ")
	if v, ok := named.Get("sep"); ok {
		sep = v
	}
	if len(args) > 0 {
		sep = args[0]
	}
	used := false
	return py.Func(func([]py.Value, *py.Dict) (py.Value, error) {
		if !used {
			used = true
			return "", nil
		}
		return sep, nil
	}), nil
}
