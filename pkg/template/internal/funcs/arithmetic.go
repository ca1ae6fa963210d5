package funcs

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/credrender/credrender/pkg/template/document"
)

// Argument says which of a function's arguments a failure is about.
func Argument(i int, err error) error {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return err
	}
	prefix := fmt.Sprintf("argument %d is ", i+1)
	return &Failure{Text: prefix + f.Text, Safe: prefix + f.Safe}
}

// fold calculates with whole numbers of any length.
func fold(args []any, f func(a, b *big.Int) (*big.Int, error)) (any, error) {
	if len(args) == 0 {
		return nil, Problem("it needs a number")
	}
	var sum *big.Int
	for i, a := range args {
		x, err := whole(a, false)
		if err != nil {
			return nil, Argument(i, err)
		}
		if sum == nil {
			sum = x
		} else if sum, err = f(sum, x); err != nil {
			return nil, err
		}
		if sum.BitLen() > 1<<16 {
			return nil, Problem("its result has too many digits")
		}
	}
	return document.FromInt(sum), nil
}

func plus(a, b *big.Int) (*big.Int, error)  { return new(big.Int).Add(a, b), nil }
func minus(a, b *big.Int) (*big.Int, error) { return new(big.Int).Sub(a, b), nil }
func times(a, b *big.Int) (*big.Int, error) { return new(big.Int).Mul(a, b), nil }

func quotient(a, b *big.Int) (*big.Int, error) {
	if b.Sign() == 0 {
		return nil, Problem("it divides by zero")
	}
	return new(big.Int).Quo(a, b), nil
}

func remainder(a, b *big.Int) (*big.Int, error) {
	if b.Sign() == 0 {
		return nil, Problem("it divides by zero")
	}
	return new(big.Int).Rem(a, b), nil
}

func larger(a, b *big.Int) (*big.Int, error) {
	if a.Cmp(b) < 0 {
		return b, nil
	}
	return a, nil
}

func smaller(a, b *big.Int) (*big.Int, error) {
	if a.Cmp(b) > 0 {
		return b, nil
	}
	return a, nil
}

func add(args ...any) (any, error)         { return fold(args, plus) }
func add1(a any) (any, error)              { return fold([]any{a, 1}, plus) }
func sub(a, b any) (any, error)            { return fold([]any{a, b}, minus) }
func mul(a any, more ...any) (any, error)  { return fold(append([]any{a}, more...), times) }
func div(a, b any) (any, error)            { return fold([]any{a, b}, quotient) }
func mod(a, b any) (any, error)            { return fold([]any{a, b}, remainder) }
func maximum(a any, b ...any) (any, error) { return fold(append([]any{a}, b...), larger) }
func minimum(a any, b ...any) (any, error) { return fold(append([]any{a}, b...), smaller) }

// overFloat, overFloats and overFloats1 check the arguments of Sprig's functions of
// floats, which calculate in decimals.
func overFloat(own any) any {
	f := own.(func(any) float64)
	return func(a any) (float64, error) {
		x, err := Float(a)
		if err != nil {
			return 0, err
		}
		return finite(f(x))
	}
}

func overFloats(own any) any {
	f := own.(func(...any) float64)
	return func(args ...any) (float64, error) {
		if len(args) == 0 {
			return 0, Problem("it needs a number")
		}
		xs, err := floats(args)
		if err != nil {
			return 0, err
		}
		return finite(f(xs...))
	}
}

func overFloats1(own any) any {
	f := own.(func(any, ...any) float64)
	return func(a any, more ...any) (float64, error) {
		xs, err := floats(append([]any{a}, more...))
		if err != nil {
			return 0, err
		}
		return finite(f(xs[0], xs[1:]...))
	}
}

func floats(args []any) ([]any, error) {
	xs := make([]any, len(args))
	for i, a := range args {
		x, err := Float(a)
		if err != nil {
			return nil, Argument(i, err)
		}
		xs[i] = x
	}
	return xs, nil
}

func finite(f float64) (float64, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, Problem("its result is too large for 64 bits")
	}
	return f + 0, nil // which is 0 for -0, the result of ceil -0.5
}

// round rounds away from zero where the fraction is half (or what on says) and
// more. Sprig's rounds -1.2 to -2, and 1.005 to 1 where two places are wanted.
func round(a any, places int, on ...float64) (float64, error) {
	if places < -300 || places > 300 {
		return 0, Problem("the number of places is out of range")
	}
	x, err := Float(a)
	if err != nil {
		return 0, err
	}
	threshold := big.NewRat(1, 2)
	if len(on) > 0 {
		var ok bool
		if threshold, ok = rational(on[0]); !ok {
			return 0, Problem("the fraction to round at is not a number")
		}
	}
	r, _ := rational(x)
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(places, -places))), nil))
	if places < 0 {
		power.Inv(power)
	}
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(r), power)
	units := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	if new(big.Rat).Sub(scaled, new(big.Rat).SetInt(units)).Cmp(threshold) >= 0 {
		units.Add(units, big.NewInt(1))
	}
	result := new(big.Rat).Quo(new(big.Rat).SetInt(units), power)
	f, _ := result.Float64()
	return finite(math.Copysign(f, x))
}
