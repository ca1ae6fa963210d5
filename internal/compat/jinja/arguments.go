package jinja

import (
	"slices"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// call has the arguments of a filter.
type call struct {
	e     *evaluator
	args  []py.Value
	named *py.Dict
	taken []string
	upTo  int
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
		raise("TypeError", "%s must be an int, not %s", name, py.TypeName(v))
	}
	return n
}

func (c *call) text(i int, name, standard string) string {
	return must(py.Str(c.arg(i, name, standard)))
}

func (c *call) bool(i int, name string, standard bool) bool {
	return py.Truth(c.arg(i, name, standard))
}

// refuseUnused fails for arguments that the filter has not asked for.
func (c *call) refuseUnused() {
	if c.open {
		return
	}
	if len(c.args) > c.upTo {
		raise("TypeError", "takes %d argument(s) but %d were given", c.upTo, len(c.args))
	}
	for _, k := range c.named.Keys() {
		if !slices.Contains(c.taken, k.(string)) {
			raise("TypeError", "got an unexpected keyword argument")
		}
	}
}
