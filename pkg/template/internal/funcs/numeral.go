package funcs

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

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
