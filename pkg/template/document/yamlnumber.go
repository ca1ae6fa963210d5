package document

import (
	"math"
	"math/big"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// yamlForms are the numbers of YAML 1.1 and 1.2 as yaml.v3 knows them, and those
// that it takes for text since they do not fit into 64 bits.
type yamlForms struct{ decimal, octal, based, float *regexp.Regexp }

var yamlFormsOnce = sync.OnceValue(func() yamlForms {
	return yamlForms{
		decimal: regexp.MustCompile(`^[-+]?(0|[1-9][0-9_]*)$`),
		octal:   regexp.MustCompile(`^[-+]?0[0-9_]+$`),
		based:   regexp.MustCompile(`^[-+]?0(x[0-9a-fA-F_]+|X[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)$`),
		float:   regexp.MustCompile(`^[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$`),
	}
})

// yamlNumber reads a scalar that yaml.v3 takes for a number, or a plain one that
// may be a number too long for it.
func yamlNumber(n *yaml.Node, tag string) (any, error) {
	s := n.Value
	if tag == "!!str" && (s == "" || !strings.ContainsAny(s[:1], "+-.0123456789")) {
		return s, nil
	}
	forms, digits := yamlFormsOnce(), strings.ReplaceAll(strings.TrimPrefix(s, "+"), "_", "")
	switch {
	case forms.decimal.MatchString(s):
		return number(digits), nil
	case forms.octal.MatchString(s):
		return nil, yamlError(n, "a whole number with a leading zero is octal in YAML 1.1 and decimal in 1.2: quote it, or write 0o for octal")
	case forms.based.MatchString(s):
		i, ok := new(big.Int).SetString(digits, 0)
		if !ok {
			return nil, yamlError(n, "not a number")
		}
		return number(i.String()), nil
	case forms.float.MatchString(s):
		return number(jsonDecimal(digits)), nil
	case tag == "!!str":
		return s, nil
	}
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case ".inf":
		if s[0] == '-' {
			return math.Inf(-1), nil
		}
		return math.Inf(1), nil
	case ".nan":
		return math.NaN(), nil
	}
	return nil, yamlError(n, "not a number")
}

// jsonDecimal puts a decimal of YAML or TOML into JSON's notation, which takes a
// digit on both sides of the point and no leading zeros.
func jsonDecimal(s string) string {
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if point && fraction == "" {
		fraction = "0"
	}
	if point {
		whole += "." + fraction
	}
	return sign + whole + exponent
}
