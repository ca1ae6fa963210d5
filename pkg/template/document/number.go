// Package document reads JSON, YAML and TOML into Go values whose numbers keep
// their digits: maps are map[string]any, lists []any, and a number is an int
// where it fits and is whole, else a [Number]. Malformed documents, duplicate
// keys and text that is not UTF-8 are errors, which never quote the document.
//
// No plain Go type holds a document's numbers. float64 loses the digits of
// 9007199254740993 and prints 1000000 as 1e+06, int64 is too short, and
// json.Number is a string: zero is true, 5 is greater than 1000000, and YAML
// encoders quote it.
package document

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Number is a number that an int does not hold as it is written: a decimal, or
// a whole number beyond 64 bits. It is a struct so that code that does not know
// it fails, where it would take a string or a pointer for something else.
type Number struct{ text string }

// number returns what a text in JSON's notation stands for: an int, or a Number with
// the same digits.
func number(text string) any {
	if i, err := strconv.Atoi(text); err == nil && text != "-0" {
		return i
	}
	return Number{text}
}

// FromFloat returns f with the digits that JSON encoders write. ok is false for
// infinities and NaN, which have none.
func FromFloat(f float64) (n Number, ok bool) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return Number{}, false
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		text := strconv.FormatFloat(f, 'e', -1, 64)
		return Number{strings.Replace(text, "e-0", "e-", 1)}, true
	}
	return Number{strconv.FormatFloat(f, 'f', -1, 64)}, true
}

// FromInt returns a whole number: an int64 where it fits.
func FromInt(i *big.Int) any {
	if i.IsInt64() {
		return i.Int64()
	}
	return Number{i.String()}
}

// String returns the number as it was written.
func (n Number) String() string { return n.text }

// Equal reports whether two numbers are written alike.
func (n Number) Equal(other Number) bool { return n.text == other.text }

// IsInteger reports whether it is written without a point and exponent.
func (n Number) IsInteger() bool { return !strings.ContainsAny(n.text, ".eE") }

// IsZero reports whether the number is zero, as 0.0 and 0e5 are.
func (n Number) IsZero() bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(n.text), "e")
	return strings.Trim(mantissa, "-0.") == ""
}

// Bounds of the numbers that can be calculated with. Others are only copied.
const (
	maxExponent = 4096
	maxDigits   = 65536
)

var errTooLarge = errors.New("the number is too large to calculate with")

// Rat returns the exact value. A number whose exponent or length would take
// megabytes to hold is an error.
func (n Number) Rat() (*big.Rat, error) {
	if i := strings.IndexAny(n.text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(n.text[i+1:]); err != nil || e > maxExponent || e < -maxExponent {
			return nil, errTooLarge
		}
	}
	if len(n.text) > maxDigits {
		return nil, errTooLarge
	}
	r, ok := new(big.Rat).SetString(n.text)
	if !ok {
		return nil, errors.New("not a number")
	}
	return r, nil
}

// MarshalJSON writes the number as it was written.
func (n Number) MarshalJSON() ([]byte, error) { return []byte(n.text), nil }

// MarshalYAML writes the number as it was written. Readers of YAML 1.1 take an
// exponent without a point and a sign for text, so 1e3 becomes 1.0e+3.
func (n Number) MarshalYAML() (any, error) {
	text := n.text
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent := text[:i], text[i+1:]
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		if exponent[0] != '-' && exponent[0] != '+' {
			exponent = "+" + exponent
		}
		text = mantissa + "e" + exponent
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	if node.Tag = node.ShortTag(); node.Tag == "!!str" { // 1e400: no float64, so quoted without a tag
		node.Tag = "!!float"
	}
	return node, nil
}

// MarshalTOML writes the number as it was written, if TOML's 64 bits hold it
// (https://toml.io/en/v1.0.0#integer).
func (n Number) MarshalTOML() ([]byte, error) {
	if n.IsInteger() && n.text != "-0" {
		return nil, errors.New("TOML has no whole numbers of more than 64 bits; use toString")
	}
	if f, err := strconv.ParseFloat(n.text, 64); err != nil || f == 0 && !n.IsZero() {
		return nil, errors.New("TOML has no decimals beyond 64 bits; use toString")
	}
	return []byte(n.text), nil
}

// Format writes the digits for %v, %s and %q, and the value for the verbs of
// numbers.
func (n Number) Format(f fmt.State, verb rune) {
	spec := fmt.FormatString(f, verb)
	switch verb {
	case 'v', 's':
		spec = strings.NewReplacer("#", "", "+", "", "v", "s").Replace(spec)
		_, _ = fmt.Fprintf(f, spec, n.text)
		return
	case 'q':
		_, _ = fmt.Fprintf(f, spec, n.text)
		return
	}
	if v, ok := n.operand(verb); ok {
		_, _ = fmt.Fprintf(f, spec, v)
		return
	}
	_, _ = fmt.Fprintf(f, "%%!%c(number)", verb)
}

// Fits reports whether a verb of fmt formats the number.
func (n Number) Fits(verb rune) bool {
	if verb == 'v' {
		return true
	}
	_, ok := n.operand(verb)
	return ok
}

// operand returns what fmt formats in place of the number.
func (n Number) operand(verb rune) (any, bool) {
	r, err := n.Rat()
	if err != nil {
		return nil, false
	}
	return Operand(r, verb)
}

// Operand returns what fmt formats in place of a number, if the verb fits it.
func Operand(r *big.Rat, verb rune) (any, bool) {
	switch {
	case strings.ContainsRune("dxXobO", verb) && r.IsInt():
		return new(big.Int).Set(r.Num()), true
	case strings.ContainsRune("feEgGF", verb):
		bits := uint(max(64, r.Num().BitLen()+64))
		return new(big.Float).SetPrec(bits).SetRat(r), true
	}
	return nil, false
}
