package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is one field of a cron expression: its name in messages, and its values.
type field struct {
	name     string
	min, max int
	names    []string // of the values from min on
}

// top is the largest number that may be written: Sunday is 0 and 7.
func (f field) top() int {
	if f.name == dayOfWeek {
		return 7
	}
	return f.max
}

const (
	dayOfMonth = "day of month"
	dayOfWeek  = "day of week"
)

// cronFields returns the fields in the order of an expression with seconds.
func cronFields() []field {
	return []field{
		{"second", 0, 59, nil},
		{"minute", 0, 59, nil},
		{"hour", 0, 23, nil},
		{dayOfMonth, 1, 31, nil},
		{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{dayOfWeek, 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

// starBit marks a field as unrestricted, for the search of robfig/cron: if the day
// of month or the day of week has it, both must match a day, else one of them.
const starBit = 1 << 63

// isStar reports whether the text of a field starts with *, which is how cron
// decides that it is unrestricted ("*/10" and "*,10" are, "10,*" is not). A ?
// stands for *.
func isStar(text string) bool { return strings.HasPrefix(text, "*") || text == "?" }

// parse returns the values of a field as a set of bits.
func (f field) parse(text string) (bits uint64, err error) {
	if text == "?" && (f.name == dayOfMonth || f.name == dayOfWeek) {
		text = "*"
	}
	for item := range strings.SplitSeq(text, ",") {
		set, err := f.item(item)
		if err != nil {
			return 0, fmt.Errorf("%s %q: %w", f.name, shorten(text), err)
		}
		bits |= set
	}
	if isStar(text) {
		bits |= starBit
	}
	return bits, nil
}

// item reads one item of a list: a value, a range, or one of them with a step.
func (f field) item(text string) (bits uint64, err error) {
	if text == "" {
		return 0, errors.New("an item of the list is empty")
	}
	if err := f.foreign(text); err != nil {
		return 0, err
	}
	span, by, stepped := strings.Cut(text, "/")
	first, last, err := f.span(span, stepped)
	if err != nil {
		return 0, err
	}
	step := 1
	if stepped {
		if step, err = f.step(by); err != nil {
			return 0, err
		}
	}
	for v := first; v <= last; v += step {
		if v > f.max { // Sunday as 7
			bits |= 1
			continue
		}
		bits |= 1 << v
	}
	return bits, nil
}

// span reads an item without its step: *, a value or a range. A
// single value with a step counts up to the end of the field, as in robfig/cron.
func (f field) span(text string, stepped bool) (first, last int, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if text == "*" {
		return f.min, f.max, nil
	}
	if first, err = f.value(from); err != nil {
		return 0, 0, err
	}
	switch {
	case isRange:
		last, err = f.value(to)
	case stepped:
		last = max(first, f.max)
	default:
		last = first
	}
	if err == nil && isRange && last == 0 && f.name == dayOfWeek && !isNumber(to) {
		last = 7 // fri-sun
	}
	if err == nil && first > last {
		err = fmt.Errorf("the range %s ends before it begins", shorten(text))
	}
	return first, last, err
}

func (f field) value(text string) (int, error) {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return f.min + i, nil
	}
	if !isNumber(text) {
		return 0, fmt.Errorf("%q is not a number%s", shorten(text), f.orName())
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < f.min || v > f.top() {
		return 0, fmt.Errorf("%s is not from %d to %d", shorten(text), f.min, f.top())
	}
	return v, nil
}

func (f field) orName() string {
	if len(f.names) == 0 {
		return ""
	}
	return fmt.Sprintf(" or a name from %s to %s", f.names[0], f.names[len(f.names)-1])
}

// step reads the number after a slash. It refuses a step larger than the field, which
// cron accepts: "*/90" is minute 0 there, so once an hour, which is never what the author
// means.
func (f field) step(text string) (int, error) {
	size := f.max - f.min + 1
	v, err := strconv.Atoi(text)
	switch {
	case !isNumber(text):
		return 0, fmt.Errorf("the step %q is not a number", shorten(text))
	case err != nil || v > size:
		return 0, fmt.Errorf("the step %s is larger than the field, which has %d values: a step restarts in each field, use @every for longer intervals", shorten(text), size)
	case v == 0:
		return 0, errors.New("the step is 0")
	}
	return v, nil
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// foreign refuses syntax of other programs that crontab(5) does not have.
func (f field) foreign(text string) error {
	if slices.Contains(f.names, strings.ToLower(text)) {
		return nil
	}
	named := strings.ToLower(text)
	for _, n := range f.names {
		named = strings.ReplaceAll(named, n, "")
	}
	last := "only the day of month can be L"
	if f.name == dayOfMonth {
		last = "the last day L must be the whole field, with * as the day of week"
	}
	for _, refusal := range []struct{ symbol, text string }{
		{"?", "? must be the whole field, and the field a day"},
		{"h", "the hash H (Jenkins) is not supported: write a value, and use splay to spread hosts"},
		{"~", "the random value ~ is not supported: write a value, and use splay to spread hosts"},
		{"#", "the nth weekday # is not supported"},
		{"w", "the nearest weekday W is not supported"},
		{"l", last},
	} {
		if strings.Contains(named, refusal.symbol) {
			return errors.New(refusal.text)
		}
	}
	return nil
}
