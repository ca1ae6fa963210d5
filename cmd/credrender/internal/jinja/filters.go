package jinja

import (
	"math"
	"strconv"
	"strings"

	"github.com/credrender/credrender/cmd/credrender/internal/jinja/py"
)

type filter func(c *call, v py.Value) (py.Value, error)

// filters are Jinja2's own and credsmash's four. Not carried: those that give
// HTML out of data (urlize, xmlattr, forceescape of objects), pprint and random.
func filters() map[string]filter {
	length := func(_ *call, v py.Value) (py.Value, error) {
		n, err := py.Len(v)
		return int64(n), err
	}
	fallback := func(c *call, v py.Value) (py.Value, error) {
		instead, falsy := c.arg(0, "default_value", ""), c.bool(1, "boolean", false)
		if _, undefined := v.(py.Undefined); undefined || (falsy && !py.Truth(v)) {
			return instead, nil
		}
		return v, nil
	}
	escape := func(_ *call, v py.Value) (py.Value, error) {
		if _, err := py.Str(v); err != nil {
			return nil, err
		}
		return py.Escape(v), nil
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
		for name, f := range more {
			all[name] = f
		}
	}
	return all
}

// textFilter applies to str(v).
func textFilter(f func(string) py.Value) filter {
	return func(_ *call, v py.Value) (py.Value, error) {
		s, err := py.Str(v)
		if err != nil {
			return nil, err
		}
		out := f(s)
		if text, ok := out.(string); ok {
			return py.Like(v, text), nil
		}
		return out, nil
	}
}

func number(onFloat func(float64) py.Value, onInt func(int64) py.Value) filter {
	return func(_ *call, v py.Value) (py.Value, error) {
		if i, ok := py.Int(v); ok {
			return onInt(i), nil
		}
		f, ok := py.Float(v)
		if !ok {
			return nil, py.Errorf("TypeError", "bad operand type: '%s'", py.TypeName(v))
		}
		return onFloat(f), nil
	}
}

// mustText is for credsmash's own filters, which take text alone.
func mustText(v py.Value) (string, error) {
	if u, ok := v.(py.Undefined); ok {
		return py.Str(u)
	}
	s, ok := py.Text(v)
	if !ok {
		return "", py.Errorf("TypeError", "expected str, not %s; 'string' makes one", py.TypeName(v))
	}
	return s, nil
}

// shell quotes for a POSIX shell. credsmash leaves bare what has no harmless
// character in it, such as "$()"; all else it puts between quotes, and so does
// this.
func shell(_ *call, v py.Value) (py.Value, error) {
	s, err := mustText(v)
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'", err
}

// envfile is for systemd's EnvironmentFile and the like.
func envfile(_ *call, v py.Value) (py.Value, error) {
	s, err := mustText(v)
	return `"` + strings.NewReplacer(`\`, `\\`, "\n", "\\n\\\n", `"`, `\"`).Replace(s) + `"`, err
}

func jsonify(c *call, v py.Value) (py.Value, error) {
	j := py.JSON{Indent: int(c.named64("indent")), SortKeys: py.Truth(c.namedOnly("sort_keys"))}
	if pair, err := py.Items(c.namedOnly("separators")); err == nil && len(pair) == 2 {
		j.Separators[0], _ = py.Text(pair[0])
		j.Separators[1], _ = py.Text(pair[1])
	}
	return j.Dump(v)
}

// namedOnly is an argument that has no place.
func (c *call) namedOnly(name string) py.Value {
	c.taken = append(c.taken, name)
	v, _ := c.named.Get(name)
	return v
}

func (c *call) named64(name string) int64 {
	n, _ := py.Int(c.namedOnly(name))
	return min(n, 64)
}

func minjson(_ *call, v py.Value) (py.Value, error) {
	s, err := mustText(v)
	if err != nil {
		return nil, err
	}
	parsed, err := py.ParseJSON([]byte(s))
	if err != nil {
		return nil, err
	}
	return py.JSON{}.Dump(parsed)
}

// toJSON is safe within HTML, and sorts keys.
func toJSON(c *call, v py.Value) (py.Value, error) {
	j := py.JSON{SortKeys: true, Indent: int(min(c.int(0, "indent", 0), 64))}
	s, err := j.Dump(v)
	return py.Markup(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s)), err
}

func toInt(c *call, v py.Value) (py.Value, error) {
	standard, base := c.arg(0, "default", int64(0)), c.int(1, "base", 10)
	if s, ok := py.Text(v); ok {
		s = strings.TrimSpace(s)
		if base == 16 {
			s = strings.TrimPrefix(strings.ToLower(s), "0x")
		}
		if n, err := strconv.ParseInt(s, int(base), 64); err == nil {
			return n, nil
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1<<63 {
			return int64(f), nil
		}
		return standard, nil
	}
	f, ok := py.Float(v)
	if n, isInt := py.Int(v); isInt {
		return n, nil
	}
	if !ok || math.Abs(f) >= 1<<63 || math.IsNaN(f) {
		return standard, nil
	}
	return int64(f), nil
}

func toFloat(c *call, v py.Value) (py.Value, error) {
	standard := c.arg(0, "default", 0.0)
	if s, ok := py.Text(v); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
			return f, nil
		}
		return standard, nil
	}
	if f, ok := py.Float(v); ok {
		return f, nil
	}
	return standard, nil
}

func toString(_ *call, v py.Value) (py.Value, error) {
	if _, ok := v.(py.Markup); ok {
		return v, nil
	}
	return py.Str(v)
}

func toList(_ *call, v py.Value) (py.Value, error) {
	items, err := py.Items(v)
	return py.NewList(append([]py.Value{}, items...)...), err
}

func round(c *call, v py.Value) (py.Value, error) {
	precision, how := c.int(0, "precision", 0), c.text(1, "method", "common")
	f, ok := py.Float(v)
	if !ok {
		return nil, py.Errorf("TypeError", "type %s doesn't define __round__ method", py.TypeName(v))
	}
	scale := math.Pow(10, float64(precision))
	switch how {
	case "ceil":
		return math.Ceil(f*scale) / scale, nil
	case "floor":
		return math.Floor(f*scale) / scale, nil
	case "common":
	default:
		return nil, py.Errorf("FilterArgumentError", "method must be common, ceil or floor")
	}
	if n, isInt := py.Int(v); isInt {
		if precision >= 0 {
			return n, nil
		}
		return int64(math.RoundToEven(f*scale) / scale), nil
	}
	if precision < 0 {
		return math.RoundToEven(f*scale) / scale, nil
	}
	// The decimal digits decide, as in Python: 2.675 is a little less.
	return strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(min(precision, 30)), 64), 64)
}

func fileSize(c *call, v py.Value) (py.Value, error) {
	f, ok := py.Float(v)
	if s, isText := py.Text(v); isText {
		var err error
		f, err = strconv.ParseFloat(s, 64)
		ok = err == nil
	}
	if !ok {
		return nil, py.Errorf("TypeError", "a size is a number, not %s", py.TypeName(v))
	}
	base, unit := 1000.0, []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if c.bool(0, "binary", false) {
		base, unit = 1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	switch {
	case f == 1:
		return "1 Byte", nil
	case f < base:
		return strconv.FormatInt(int64(f), 10) + " Bytes", nil
	}
	i := 0
	for f /= base; f >= base && i < len(unit)-1; i++ {
		f /= base
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + unit[i], nil
}

func attribute(c *call, v py.Value) (py.Value, error) {
	name := c.text(0, "name", "")
	if strings.HasPrefix(name, "_") {
		return nil, py.Errorf("SecurityError", "access to that attribute is unsafe")
	}
	if got, ok := attr(v, name); ok {
		return got, nil
	}
	return py.Undefined{What: "no such attribute"}, nil
}
