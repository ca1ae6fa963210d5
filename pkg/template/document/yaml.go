package document

import (
	"encoding/base64"
	"errors"
	"io"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// YAML reads one YAML document. Keys are strings, as in JSON; dates stay text,
// as in YAML 1.2's core schema. Besides what is no YAML it refuses duplicate
// keys, tags that it does not know, whole numbers with a leading zero (octal in
// YAML 1.1 and decimal in 1.2), and aliases that multiply without end.
func YAML(text string) (any, error) {
	if i := InvalidUTF8(text); i >= 0 { // UTF-16 too, which nobody has in a secret
		e := &Error{Format: "YAML", Msg: "the text is not UTF-8"}
		e.Line, e.Col = at(text, i)
		return nil, e
	}
	dec := yaml.NewDecoder(strings.NewReader(text))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, empty("YAML")
	case err != nil:
		return nil, yamlSyntax(err)
	}
	var next yaml.Node
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, yamlError(&next, "a second document begins here")
	case !errors.Is(err, io.EOF):
		return nil, yamlSyntax(err)
	}
	return YAMLNode(&doc)
}

// YAMLNode reads a node that is parsed already, as [YAML] does.
func YAMLNode(n *yaml.Node) (any, error) { return new(yamlReader).value(n, 0) }

func yamlError(n *yaml.Node, msg string) *Error {
	return &Error{Format: "YAML", Line: n.Line, Col: n.Column, Msg: msg}
}

// yamlSyntax rewords "yaml: line 3: text", whose text may quote the document.
func yamlSyntax(err error) *Error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{Format: "YAML", Msg: "the text is not YAML", Detail: text}
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, detail, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			e.Line, e.Detail = line, detail
		}
	}
	return e
}

// yamlReader counts nodes; one behind an alias counts each time.
type yamlReader struct{ nodes int }

func (r *yamlReader) value(n *yaml.Node, depth int) (any, error) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, yamlError(n, "the document and its aliases contain too many values")
	}
	if depth > maxDepth {
		return nil, yamlError(n, "the document is nested too deep, or an alias contains itself")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.value(n.Content[0], depth+1)
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		return r.list(n, depth)
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	return YAMLScalar(n)
}

func (r *yamlReader) list(n *yaml.Node, depth int) (any, error) {
	if err := plainTag(n, "!!seq"); err != nil {
		return nil, err
	}
	list := make([]any, 0, len(n.Content))
	for _, c := range n.Content {
		v, err := r.value(c, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) (any, error) {
	if err := plainTag(n, "!!map"); err != nil {
		return nil, err
	}
	own, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		v, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		k := n.Content[i]
		if k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" {
			if err := mergeInto(merged, v, k); err != nil {
				return nil, err
			}
			continue
		}
		key, err := yamlKey(k)
		if err != nil {
			return nil, err
		}
		if _, twice := own[key]; twice {
			e := yamlError(k, "duplicate key")
			e.Detail = "duplicate key " + strconv.Quote(key)
			return nil, e
		}
		own[key] = v
	}
	for k, v := range merged {
		if _, has := own[k]; !has {
			own[k] = v
		}
	}
	return own, nil
}

// yamlKey returns the text of a key.
func yamlKey(k *yaml.Node) (string, error) {
	if k.Kind == yaml.AliasNode {
		k = k.Alias
	}
	if k.Kind != yaml.ScalarNode || k.ShortTag() == "!!null" {
		return "", yamlError(k, "a key is not a string")
	}
	return k.Value, nil
}

// mergeInto takes the maps of a << key; the first that has a key wins
// (https://yaml.org/type/merge.html).
func mergeInto(merged map[string]any, v any, at *yaml.Node) error {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return yamlError(at, "<< takes a map or a list of maps")
		}
		for k, v := range m {
			if _, has := merged[k]; !has {
				merged[k] = v
			}
		}
	}
	return nil
}

// plainTag refuses tags of programs, as !vault and !Ref: their text is not the
// value.
func plainTag(n *yaml.Node, tag string) error {
	if n.Tag != "" && n.ShortTag() != tag {
		return unknownTag(n)
	}
	return nil
}

func unknownTag(n *yaml.Node) error {
	e := yamlError(n, "a tag that is not one of YAML's own")
	e.Detail = "the tag " + n.Tag + " is not one of YAML's own"
	return e
}

// YAMLScalar reads a node that is a scalar.
func YAMLScalar(n *yaml.Node) (any, error) {
	plain := n.Style&(yaml.TaggedStyle|yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch tag := n.ShortTag(); {
	case tag == "!!int", tag == "!!float", tag == "!!str" && plain:
		return yamlNumber(n, tag)
	case tag == "!!str", tag == "!!timestamp":
		return n.Value, nil
	case tag == "!!null":
		return nil, nil
	case tag == "!!bool":
		var b bool
		if n.Decode(&b) != nil {
			return nil, yamlError(n, "neither true nor false")
		}
		return b, nil
	case tag == "!!binary":
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			return nil, yamlError(n, "not base64")
		}
		return string(b), nil
	}
	return nil, unknownTag(n)
}

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
