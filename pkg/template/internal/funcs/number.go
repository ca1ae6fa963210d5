package funcs

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/template/document"
)

// Advice of the errors about numbers. None of them repeats a value.
const (
	adviceDefault = "give one with: default 0 X"
	adviceDecimal = "use int, round, floor or ceil first, or addf, mulf, maxf and so on"
	tooManyBits   = "a number of more than 64 bits; leave it as it is, or keep it as a string"
)

// rational returns the value of a number of any type, exactly: 0.1 is one tenth,
// as it is written. ok is false for all else, infinities too.
func rational(v any) (r *big.Rat, ok bool) {
	if n, isNumber := v.(document.Number); isNumber {
		r, err := n.Rat()
		return r, err == nil
	}
	switch x := reflect.ValueOf(v); {
	case !x.IsValid():
	case x.CanInt():
		return new(big.Rat).SetInt64(x.Int()), true
	case x.CanUint():
		return new(big.Rat).SetInt(new(big.Int).SetUint64(x.Uint())), true
	case x.CanFloat():
		if n, ok := document.FromFloat(x.Float()); ok {
			r, err := n.Rat()
			return r, err == nil
		}
	}
	return nil, false
}

// isNumeric reports whether v is a number of any type.
func isNumeric(v any) bool {
	if _, ok := v.(document.Number); ok {
		return true
	}
	x := reflect.ValueOf(v)
	return x.IsValid() && (x.CanInt() || x.CanUint() || x.CanFloat())
}

// notNumber is why a value is not a number.
func notNumber(v any) *Failure {
	switch v := v.(type) {
	case nil:
		return Problem("no value; " + adviceDefault)
	case string:
		return Problem(notNumeral(v))
	case bool:
		return Problem("true or false, not a number; use ternary 1 0 X")
	}
	if isNumeric(v) { // infinite, or with an exponent of thousands
		return Problem("a number too large to calculate with")
	}
	return Problem(described(v) + ", not a number")
}

func notNumeral(s string) string {
	switch {
	case s == "":
		return "an empty string; " + adviceDefault
	case strings.TrimSpace(s) != s:
		return "a string with white space around it; use trim first"
	case zeroLed(s):
		return `a string with a leading zero, octal or decimal; use toDecimal for octal, or trimPrefix "0"`
	}
	return "a string that is not a number"
}

// whole reads a whole number from a number or a numeral. cut says that a
// fraction is to be cut off.
func whole(v any, cut bool) (*big.Int, error) {
	var r *big.Rat
	if s, ok := v.(string); ok {
		var err error
		if r, err = numeral(s); err != nil {
			return nil, err
		}
	} else if r, ok = rational(v); !ok {
		return nil, notNumber(v)
	}
	if !r.IsInt() && !cut {
		if _, ok := v.(string); ok {
			return nil, Problem("a string that is a decimal; " + adviceDecimal)
		}
		return nil, &Failure{Text: fmt.Sprintf("a decimal (%v); %s", v, adviceDecimal), Safe: "a decimal; " + adviceDecimal}
	}
	return new(big.Int).Quo(r.Num(), r.Denom()), nil
}

// Count reads a whole number that a function takes as a parameter. A string is
// refused: text/template never took one there.
func Count(v any) (int64, error) {
	if _, ok := v.(string); ok {
		return 0, Problem("a string, not a number; use int")
	}
	return int64Of(v, false)
}

func toInt64(v any) (int64, error) { return int64Of(v, true) }

func int64Of(v any, cut bool) (int64, error) {
	i, err := whole(v, cut)
	if err != nil {
		return 0, err
	}
	if !i.IsInt64() {
		return 0, Problem(tooManyBits)
	}
	return i.Int64(), nil
}

func toInt(v any) (int, error) {
	i, err := toInt64(v)
	if err == nil && int64(int(i)) != i {
		return 0, Problem(tooManyBits)
	}
	return int(i), err
}

// Float reads a float64. A whole number whose last digits would be lost is
// refused.
func Float(v any) (float64, error) {
	if s, ok := v.(string); ok {
		if strings.Trim(s, "0123456789.eE+-") != "" {
			return 0, Problem(notNumeral(s))
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			if math.IsInf(f, 0) {
				return 0, Problem("a number too large for 64 bits")
			}
			return 0, Problem(notNumeral(s))
		}
		if strings.Trim(s, "0123456789+-") == "" {
			return exactly(f, s)
		}
		return f, nil
	}
	if f, ok := v.(float64); ok && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return f, nil
	}
	r, ok := rational(v)
	if !ok {
		return 0, notNumber(v)
	}
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		return 0, Problem("a number too large for 64 bits")
	}
	if r.IsInt() {
		return exactly(f, r.Num().String())
	}
	return f, nil
}

// exactly returns f if it is the whole number that its digits write.
func exactly(f float64, digits string) (float64, error) {
	want, ok := new(big.Int).SetString(digits, 10)
	got, _ := new(big.Float).SetFloat64(f).Int(nil)
	if !ok || got.Cmp(want) != 0 {
		return 0, Problem("a number with more digits than a 64-bit decimal has; leave it as it is, or use int, add, mul and so on")
	}
	return f, nil
}

func atoi(s string) (int, error) {
	i, err := strconv.Atoi(s)
	if err != nil {
		if strings.Trim(s, "0123456789") == "" && s != "" {
			return 0, Problem(tooManyBits)
		}
		return 0, Problem(notNumeral(s))
	}
	return i, nil
}

// toDecimal reads an octal number, as file modes are written.
func toDecimal(v any) (int64, error) {
	s, ok := v.(string)
	if !ok {
		n, err := Count(v)
		if err != nil {
			return 0, err
		}
		s = strconv.FormatInt(n, 10)
	}
	i, err := strconv.ParseInt(strings.TrimPrefix(s, "0o"), 8, 64)
	if err != nil {
		if strings.TrimSpace(s) != s || s == "" {
			return 0, Problem(notNumeral(s))
		}
		return 0, Problem("not an octal number")
	}
	return i, nil
}

// zeroLed reports whether a numeral may be octal. 00 to 09 may not: they are
// parts of dates and times.
func zeroLed(s string) bool {
	s = strings.TrimLeft(s, "+-")
	s, fraction, _ := strings.Cut(s, ".")
	return len(s) > 2 && s[0] == '0' && strings.Trim(s, "0123456789_") == "" && strings.Trim(fraction, "0") == ""
}

// numeral reads the notations that the strings of templates have had all along:
// decimal, 0x, 0o, 0b, with underscores, and decimals with an exponent.
func numeral(s string) (*big.Rat, error) {
	bare := s
	if s != "" && (s[0] == '+' || s[0] == '-') {
		bare = s[1:]
	}
	if bare == "" || zeroLed(s) || !strings.ContainsAny(bare[:1], ".0123456789") || len(s) > 4096 {
		return nil, Problem(notNumeral(s))
	}
	if len(bare) == 2 && bare[0] == '0' && bare[1] >= '0' && bare[1] <= '9' {
		bare = bare[1:]
	}
	r := new(big.Rat)
	if i, ok := new(big.Int).SetString(bare, 0); ok {
		r.SetInt(i)
	} else if strings.Trim(bare, "0123456789.eE+-") != "" || exponentOf(bare) > 4096 {
		return nil, Problem(notNumeral(s))
	} else if _, ok := r.SetString(bare); !ok {
		return nil, Problem(notNumeral(s))
	}
	if s[0] == '-' {
		r.Neg(r)
	}
	return r, nil
}

// exponentOf returns the size of a numeral's exponent.
func exponentOf(s string) int {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return 0
	}
	n, err := strconv.Atoi(s[i+1:])
	if err != nil || n == math.MinInt {
		return math.MaxInt
	}
	return max(n, -n)
}
