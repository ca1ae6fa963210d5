package jinja

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

type filter func(c *call, v py.Value) py.Value

// filters returns Jinja2's filters and credsmash's four, except those that generate HTML
// from data (urlize, xmlattr, forceescape of objects), pprint and random.
func filters() map[string]filter {
	length := func(_ *call, v py.Value) py.Value {
		return int64(py.Len(v))
	}
	fallback := func(c *call, v py.Value) py.Value {
		instead, falsy := c.arg(0, "default_value", ""), c.bool(1, "boolean", false)
		if _, undefined := v.(py.Undefined); undefined || (falsy && !py.Truth(v)) {
			return instead
		}
		return v
	}
	escape := func(_ *call, v py.Value) py.Value {
		py.Str(v) // of a missing secret
		return py.Escape(v)
	}
	all := map[string]filter{
		"sh": shell, "env": envfile, "jsonify": jsonify, "minjson": minjson,
		"default": fallback, "d": fallback, "length": length, "count": length,
		"escape": escape, "e": escape, "forceescape": escape,
		"safe": textFilter(func(s string) py.Value { return py.Markup(s) }),
		"abs": number(func(f float64) py.Value { return math.Abs(f) }, func(i int64) py.Value {
			return max(i, -i)
		}),
		"int": toInt, "float": toFloat, "string": toString, "list": toList, "round": round,
		"filesizeformat": fileSize, "tojson": toJSON, "attr": attribute,
	}
	for _, more := range []map[string]filter{textFilters(), listFilters(), pickFilters()} {
		maps.Copy(all, more)
	}
	return all
}

// textFilter returns a filter of str(v).
func textFilter(f func(string) py.Value) filter {
	return func(_ *call, v py.Value) py.Value {
		s := py.Str(v)
		out := f(s)
		if text, ok := out.(string); ok {
			return py.Like(v, text)
		}
		return out
	}
}

// mustText returns the text of a value that must be a string, as credsmash's own filters
// take it.
func mustText(v py.Value) string {
	if u, ok := v.(py.Undefined); ok {
		return py.Str(u)
	}
	s, ok := py.Text(v)
	if !ok {
		py.Raise("TypeError", "expected str, not %s; 'string' makes one", py.TypeName(v))
	}
	return s
}

// shell quotes for a POSIX shell, like credsmash, except that credsmash leaves a text
// without any harmless character, such as "$()", unquoted.
func shell(_ *call, v py.Value) py.Value {
	return "'" + strings.ReplaceAll(mustText(v), "'", `'"'"'`) + "'"
}

// envfile quotes for systemd's EnvironmentFile.
func envfile(_ *call, v py.Value) py.Value {
	return `"` + strings.NewReplacer(`\`, `\\`, "\n", "\\n\\\n", `"`, `\"`).Replace(mustText(v)) + `"`
}

func jsonify(c *call, v py.Value) py.Value {
	j := py.JSON{Indent: int(c.named64("indent")), SortKeys: py.Truth(c.namedOnly("sort_keys"))}
	separators := c.namedOnly("separators")
	if pair, err := py.Caught(func() []py.Value { return py.Items(separators) }); err == nil && len(pair) == 2 {
		j.Separators[0], _ = py.Text(pair[0])
		j.Separators[1], _ = py.Text(pair[1])
	}
	return j.Dump(v)
}

// namedOnly returns a keyword-only argument.
func (c *call) namedOnly(name string) py.Value {
	c.taken = append(c.taken, name)
	v, _ := c.named.Get(name)
	return v
}

func (c *call) named64(name string) int64 {
	n, _ := py.Int(c.namedOnly(name))
	return min(n, 64)
}

func minjson(_ *call, v py.Value) py.Value {
	return py.JSON{}.Dump(py.Must(py.ParseJSON([]byte(mustText(v)))))
}

// toJSON returns JSON with sorted keys that is safe in HTML.
func toJSON(c *call, v py.Value) py.Value {
	j := py.JSON{SortKeys: true, Indent: int(min(c.int(0, "indent", 0), 64))}
	s := j.Dump(v)
	return py.Markup(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s))
}

func toString(_ *call, v py.Value) py.Value {
	if _, ok := v.(py.Markup); ok {
		return v
	}
	return py.Str(v)
}

func toList(_ *call, v py.Value) py.Value {
	return py.NewList(append([]py.Value{}, py.Items(v)...)...)
}

func attribute(c *call, v py.Value) py.Value {
	name := c.text(0, "name", "")
	if strings.HasPrefix(name, "_") {
		return py.Raise("SecurityError", "access to that attribute is unsafe")
	}
	if got, ok := attr(v, name); ok {
		return got
	}
	return py.Undefined{What: "no such attribute"}
}

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
		py.Raise("TypeError", "%s must be an int, not %s", name, py.TypeName(v))
	}
	return n
}

func (c *call) text(i int, name, standard string) string {
	return py.Str(c.arg(i, name, standard))
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
		py.Raise("TypeError", "takes %d argument(s) but %d were given", c.upTo, len(c.args))
	}
	for _, k := range c.named.Keys() {
		if !slices.Contains(c.taken, k.(string)) {
			py.Raise("TypeError", "got an unexpected keyword argument")
		}
	}
}
