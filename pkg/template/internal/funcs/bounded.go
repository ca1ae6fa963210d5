package funcs

import (
	"fmt"
	"math"
	"reflect"
	"strings"
)

// Limits of what one call may make, so that a slip of the pen ends in a
// message and not in a machine without memory.
const (
	MaxBytes = 16 << 20  // of a string
	MaxItems = 1_000_000 // of a list
)

// bounded are the functions that multiply their arguments, each with a look at
// the product first.
func bounded(base map[string]any) map[string]any {
	m := map[string]any{
		"repeat": func(count int, s string) (string, error) {
			if count < 0 {
				return "", Problem("a negative count")
			}
			if err := fits(count, len(s)); err != nil {
				return "", err
			}
			return strings.Repeat(s, count), nil
		},
		"indent":  func(spaces int, s string) (string, error) { return indent("", spaces, s) },
		"nindent": func(spaces int, s string) (string, error) { return indent("\n", spaces, s) },
		"replace": func(old, new, s string) (string, error) {
			if err := fits(strings.Count(s, old), len(new)); err != nil {
				return "", err
			}
			return strings.ReplaceAll(s, old, new), nil
		},
		"join": func(sep string, list any) (string, error) {
			if v := reflect.ValueOf(list); v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
				if err := fits(v.Len(), len(sep)); err != nil {
					return "", err
				}
			}
			return base["join"].(func(string, any) string)(sep, list), nil
		},
		"wrapWith": func(width int, sep, s string) (string, error) {
			if err := fits(len(s)/max(width, 1)+1, len(sep)); err != nil {
				return "", err
			}
			return base["wrapWith"].(func(int, string, string) string)(width, sep, s), nil
		},
	}
	for _, name := range []string{"regexReplaceAll", "regexReplaceAllLiteral"} {
		f := base["must"+strings.ToUpper(name[:1])+name[1:]].(func(string, string, string) (string, error))
		replace := func(pattern, s, repl string) (string, error) {
			if err := fits(len(s)+1, len(repl)); err != nil {
				return "", err
			}
			return f(pattern, s, repl)
		}
		m[name], m["must"+strings.ToUpper(name[:1])+name[1:]] = replace, replace
	}
	return m
}

// counted are the functions that make as much as they are told to.
func counted(base map[string]any) map[string]any {
	m := map[string]any{
		"until":     func(n int) ([]int, error) { return untilStep(base, 0, n, sign(n)) },
		"untilStep": func(start, stop, step int) ([]int, error) { return untilStep(base, start, stop, step) },
		"seq":       func(params ...int) (string, error) { return seq(base, params) },
		"randBytes": func(n int) (string, error) {
			if err := countOf(float64(n)); err != nil {
				return "", err
			}
			return base["randBytes"].(func(int) (string, error))(n)
		},
	}
	for _, name := range []string{"randAlphaNum", "randAlpha", "randAscii", "randNumeric"} {
		f := base[name].(func(int) string)
		m[name] = func(n int) (string, error) {
			if err := countOf(float64(n)); err != nil {
				return "", err
			}
			return f(n), nil
		}
	}
	return m
}

func fits(count, size int) error {
	if float64(count)*float64(size) > MaxBytes {
		return Problem(fmt.Sprintf("its result would be larger than %d MiB", MaxBytes>>20))
	}
	return nil
}

func countOf(n float64) error {
	if n > MaxItems {
		return Problem(fmt.Sprintf("more than %d of them", MaxItems))
	}
	if n < 0 {
		return Problem("a negative count")
	}
	return nil
}

func indent(before string, spaces int, s string) (string, error) {
	if spaces < 0 {
		return "", Problem("a negative indent")
	}
	if err := fits(strings.Count(s, "\n")+1, spaces); err != nil {
		return "", err
	}
	pad := strings.Repeat(" ", spaces)
	return before + pad + strings.ReplaceAll(s, "\n", "\n"+pad), nil
}

func untilStep(base map[string]any, start, stop, step int) ([]int, error) {
	if step != 0 {
		if err := countOf(math.Abs(float64(stop)-float64(start)) / math.Abs(float64(step))); err != nil {
			return nil, err
		}
	}
	return base["untilStep"].(func(int, int, int) []int)(start, stop, step), nil
}

func seq(base map[string]any, params []int) (string, error) {
	start, stop, step := 1.0, 0.0, 1.0
	switch len(params) {
	case 1:
		stop = float64(params[0])
	case 2:
		start, stop = float64(params[0]), float64(params[1])
	case 3:
		start, step, stop = float64(params[0]), float64(params[1]), float64(params[2])
	}
	if step != 0 {
		if err := countOf(math.Abs(stop-start) / math.Abs(step)); err != nil {
			return "", err
		}
	}
	return base["seq"].(func(...int) string)(params...), nil
}

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}
