package tables

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// number is a decimal as DynamoDB keeps it, without zeros at either end:
// digits x 10^exponent. Zero has no digits.
type number struct {
	negative bool
	digits   string
	exponent int
}

// Limits of a number
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const (
	maxDigits    = 38
	maxMagnitude = 126  // 1 to 9.99... x 10^125
	minMagnitude = -129 // 1 x 10^-130
)

var numberSyntax = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,5}))?$`)
})

func parseNumber(text string) (number, error) {
	m := numberSyntax().FindStringSubmatch(text)
	if m == nil || m[2]+m[3] == "" {
		return number{}, wire.Invalid("The parameter cannot be converted to a numeric value: %s", text)
	}
	exponent, _ := strconv.Atoi(m[4]) // empty is 0; the syntax bounds it
	n := number{negative: m[1] == "-", digits: strings.TrimLeft(m[2]+m[3], "0"), exponent: exponent - len(m[3])}
	trimmed := strings.TrimRight(n.digits, "0")
	n.exponent += len(n.digits) - len(trimmed)
	n.digits = trimmed
	if n.digits == "" {
		return number{}, nil
	}
	switch magnitude := len(n.digits) + n.exponent; {
	case len(n.digits) > maxDigits:
		return n, wire.Invalid("Attempting to store more than 38 significant digits in a Number")
	case magnitude > maxMagnitude:
		return n, wire.Invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case magnitude < minMagnitude:
		return n, wire.Invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	return n, nil
}

// String is the form that answers have.
func (n number) String() string {
	if n.digits == "" {
		return "0"
	}
	s := n.digits
	switch point := len(s) + n.exponent; {
	case n.exponent >= 0:
		s += strings.Repeat("0", n.exponent)
	case point <= 0:
		s = "0." + strings.Repeat("0", -point) + s
	default:
		s = s[:point] + "." + s[point:]
	}
	if n.negative {
		return "-" + s
	}
	return s
}

// size is a byte for two digits, and one more: the documented rule, which AWS
// itself calls approximate. Pairs of digits begin at the decimal point, and a
// negative number takes one byte more (as DynamoDB Local and dynalite count).
func (n number) size() int {
	if n.digits == "" {
		return 1
	}
	digits := len(n.digits)
	if n.exponent%2 != 0 {
		digits++
	}
	size := 1 + (digits+1)/2
	if n.negative {
		size++
	}
	return size
}

func (n number) compare(o number) int {
	return n.rat().Cmp(o.rat())
}

// rat is exact: a number has 38 digits and an exponent of three.
func (n number) rat() *big.Rat {
	r, _ := new(big.Rat).SetString(n.String())
	return r
}
