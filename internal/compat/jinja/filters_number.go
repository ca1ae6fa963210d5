package jinja

import (
	"math"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

func number(onFloat func(float64) py.Value, onInt func(int64) py.Value) filter {
	return func(_ *call, v py.Value) py.Value {
		if i, ok := py.Int(v); ok {
			return onInt(i)
		}
		f, ok := py.Float(v)
		if !ok {
			return py.Raise("TypeError", "bad operand type: '%s'", py.TypeName(v))
		}
		return onFloat(f)
	}
}

func toInt(c *call, v py.Value) py.Value {
	standard, base := c.arg(0, "default", int64(0)), c.int(1, "base", 10)
	if s, ok := py.Text(v); ok {
		s = strings.TrimSpace(s)
		if base == 16 {
			s = strings.TrimPrefix(strings.ToLower(s), "0x")
		}
		if n, err := strconv.ParseInt(s, int(base), 64); err == nil {
			return n
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(f, 0) {
			return standard
		}
		v = f
	}
	if n, isInt := py.Int(v); isInt {
		return n
	}
	f, ok := py.Float(v)
	if !ok || math.IsNaN(f) {
		return standard
	}
	if math.Abs(f) >= 1<<63 {
		py.Check(py.ErrRange)
	}
	return int64(f)
}

func toFloat(c *call, v py.Value) py.Value {
	standard := c.arg(0, "default", 0.0)
	if s, ok := py.Text(v); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
			return f
		}
		return standard
	}
	if f, ok := py.Float(v); ok {
		return f
	}
	return standard
}

func round(c *call, v py.Value) py.Value {
	precision, how := c.int(0, "precision", 0), c.text(1, "method", "common")
	f, ok := py.Float(v)
	if !ok {
		return py.Raise("TypeError", "type %s doesn't define __round__ method", py.TypeName(v))
	}
	scale := math.Pow(10, float64(precision))
	switch how {
	case "ceil":
		return math.Ceil(f*scale) / scale
	case "floor":
		return math.Floor(f*scale) / scale
	case "common":
	default:
		return py.Raise("FilterArgumentError", "method must be common, ceil or floor")
	}
	if n, isInt := py.Int(v); isInt {
		if precision >= 0 {
			return n
		}
		return int64(math.RoundToEven(f*scale) / scale)
	}
	if precision < 0 {
		return math.RoundToEven(f*scale) / scale
	}
	// As in Python, the exact value decides: 2.675 is slightly less.
	return py.Must(strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(min(precision, 30)), 64), 64))
}

func fileSize(c *call, v py.Value) py.Value {
	f, ok := py.Float(v)
	if s, isText := py.Text(v); isText {
		var err error
		f, err = strconv.ParseFloat(s, 64)
		ok = err == nil
	}
	if !ok {
		return py.Raise("TypeError", "a size is a number, not %s", py.TypeName(v))
	}
	base, unit := 1000.0, []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if c.bool(0, "binary", false) {
		base, unit = 1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	switch {
	case f == 1:
		return "1 Byte"
	case f < base:
		return strconv.FormatInt(int64(f), 10) + " Bytes"
	}
	i := 0
	for f /= base; f >= base && i < len(unit)-1; i++ {
		f /= base
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + unit[i]
}
