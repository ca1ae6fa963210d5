package funcs

import (
	"fmt"
	"math"
	"strings"
)

// Limits of what one call may make, so that a slip of the pen ends in a
// message and not in a machine without memory.
const (
	MaxBytes = 16 << 20  // of a string
	MaxItems = 1_000_000 // of a list
)

func repeat(count int, s string) (string, error) {
	if count < 0 {
		return "", Problem("a negative count")
	}
	if err := fits(count, len(s)); err != nil {
		return "", err
	}
	return strings.Repeat(s, count), nil
}

func indent(spaces int, s string) (string, error) { return indented("", spaces, s) }

func nindent(spaces int, s string) (string, error) { return indented("\n", spaces, s) }

func indented(before string, spaces int, s string) (string, error) {
	if spaces < 0 {
		return "", Problem("a negative indent")
	}
	if err := fits(strings.Count(s, "\n")+1, spaces); err != nil {
		return "", err
	}
	pad := strings.Repeat(" ", spaces)
	return before + pad + strings.ReplaceAll(s, "\n", "\n"+pad), nil
}

func replace(old, new, s string) (string, error) {
	if err := fits(strings.Count(s, old), len(new)); err != nil {
		return "", err
	}
	return strings.ReplaceAll(s, old, new), nil
}

func overWrapWith(own any) any {
	return func(width int, sep, s string) (string, error) {
		if err := fits(len(s)/max(width, 1)+1, len(sep)); err != nil {
			return "", err
		}
		return own.(func(int, string, string) string)(width, sep, s), nil
	}
}

// overRandom bounds a function that makes as many random characters as it is told
// to.
func overRandom(own any) any {
	return func(n int) (string, error) {
		if err := countOf(float64(n)); err != nil {
			return "", err
		}
		return own.(func(int) string)(n), nil
	}
}

func overRandBytes(own any) any {
	return func(n int) (string, error) {
		if err := countOf(float64(n)); err != nil {
			return "", err
		}
		return own.(func(int) (string, error))(n)
	}
}

func overRandInt(own any) any {
	return func(low, high int) (int, error) {
		if high <= low || high-low < 0 {
			return 0, Problem("its second number must be greater than the first")
		}
		return own.(func(int, int) int)(low, high), nil
	}
}

func until(n int) ([]int, error) {
	if n < 0 {
		return untilStep(0, n, -1)
	}
	return untilStep(0, n, 1)
}

func untilStep(start, stop, step int) ([]int, error) { return steps(start, stop, step, false) }

// steps counts from start to stop, which inclusive adds.
func steps(start, stop, step int, inclusive bool) ([]int, error) {
	if step == 0 {
		return nil, Problem("its step is 0, so it would not end")
	}
	if err := countOf(math.Abs(float64(stop)-float64(start)) / math.Abs(float64(step))); err != nil {
		return nil, err
	}
	list := []int{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop || inclusive && i == stop; i += step {
		list = append(list, i)
		if (i+step > i) != (step > 0) { // beyond the largest int
			break
		}
	}
	return list, nil
}

// seq counts as seq(1) does: LAST, FIRST LAST, or FIRST STEP LAST.
func seq(params ...int) (string, error) {
	first, step := 1, 1
	switch len(params) {
	case 1:
	case 2:
		first = params[0]
	case 3:
		first, step = params[0], params[1]
	default:
		return "", Problem("it takes LAST, FIRST LAST, or FIRST STEP LAST")
	}
	last := params[len(params)-1]
	if len(params) < 3 && last < first {
		step = -1
	}
	list, err := steps(first, last, step, true)
	if err != nil {
		return "", err
	}
	return join(" ", list)
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
