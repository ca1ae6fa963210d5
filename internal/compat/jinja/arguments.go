package jinja

import (
	"slices"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// call has the arguments of a filter. Its methods keep the first error, and check returns
// it, or an error about unused arguments.
type call struct {
	e     *evaluator
	args  []py.Value
	named *py.Dict
	taken []string
	upTo  int
	err   error
	open  bool // accepts unused arguments
}

// arg returns the i-th argument, by position or name.
func (c *call) arg(i int, name string, standard py.Value) py.Value {
	c.upTo = max(c.upTo, i+1)
	c.taken = append(c.taken, name)
	if i < len(c.args) {
		return c.args[i]
	}
	if v, ok := c.named.Get(name); ok {
		return v
	}
	return standard
}

func (c *call) int(i int, name string, standard int64) int64 {
	v := c.arg(i, name, standard)
	n, ok := py.Int(v)
	if !ok {
		c.fail(py.Errorf("TypeError", "%s must be an int, not %s", name, py.TypeName(v)))
	}
	return n
}

func (c *call) text(i int, name, standard string) string {
	v := c.arg(i, name, standard)
	s, err := py.Str(v)
	c.fail(err)
	return s
}

func (c *call) bool(i int, name string, standard bool) bool {
	return py.Truth(c.arg(i, name, standard))
}

func (c *call) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *call) check() error {
	if c.err != nil || c.open {
		return c.err
	}
	if len(c.args) > c.upTo {
		return py.Errorf("TypeError", "takes %d argument(s) but %d were given", c.upTo, len(c.args))
	}
	for _, k := range c.named.Keys() {
		if !slices.Contains(c.taken, k.(string)) {
			return py.Errorf("TypeError", "got an unexpected keyword argument")
		}
	}
	return nil
}
