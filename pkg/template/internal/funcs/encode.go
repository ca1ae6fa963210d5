package funcs

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"os"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/template/document"
)

// MinJSON takes the white space out of a JSON text and leaves all else, the
// digits of numbers included.
func MinJSON(s string) (string, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		if _, documentErr := document.JSON(s); documentErr != nil { // says where
			err = documentErr
		}
		return "", err
	}
	return b.String(), nil
}

func toJSON(v any) (string, error) { return marshalJSON(v, true, "") }

func toPrettyJSON(v any) (string, error) { return marshalJSON(v, true, "  ") }

// RawJSON returns v as JSON with <, > and & as they are.
func RawJSON(v any) (string, error) { return marshalJSON(v, false, "") }

func marshalJSON(v any, escapeHTML bool, indent string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// ToYAML returns v as YAML with an indent of two. There is no newline at the end,
// unless a text that ends in one comes last: it stands in a block, which would
// lose its newline.
func ToYAML(v any) (string, error) {
	var n yaml.Node
	if err := n.Encode(document.WritableYAML(Plain(v))); err != nil {
		return "", err
	}
	quoteNumerals(&n)
	last := &n
	for len(last.Content) > 0 {
		last = last.Content[len(last.Content)-1]
	}
	block := strings.HasSuffix(last.Value, "\n")
	if strings.HasSuffix(last.Value, "\n\n") { // what follows in the file would count
		last.Style, block = yaml.DoubleQuotedStyle, false
	}
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&n); err != nil {
		return "", err
	}
	if err := enc.Close(); err != nil {
		return "", err
	}
	if block && last.Style&yaml.LiteralStyle != 0 {
		return b.String(), nil
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// quoteNumerals quotes the texts that yaml.v3 takes for text and other readers for
// numbers, such as 1e400 and a hexadecimal number of more than 64 bits, and =, which
// YAML 1.1 has a type for (https://yaml.org/type/value.html) and PyYAML refuses.
func quoteNumerals(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Style == 0 && n.ShortTag() == "!!str" {
		if v, err := document.YAMLScalar(n); err != nil || v != n.Value || v == "=" {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	for _, c := range n.Content {
		quoteNumerals(c)
	}
}

// ToTOML returns a map as TOML with no newline at the end. go-toml leaves out what
// is nil, so that is refused here.
func ToTOML(v any) (string, error) {
	if x := reflect.ValueOf(v); x.Kind() != reflect.Map {
		return "", Problem("a TOML document is a map, and this is " + described(v))
	}
	if err := noNil(reflect.ValueOf(v)); err != nil {
		return "", err
	}
	var b strings.Builder
	if err := toml.NewEncoder(&b).EnableMarshalerInterface().Encode(v); err != nil {
		return "", &Failure{Text: err.Error(), Safe: "its input cannot be written as TOML, whose numbers have 64 bits"}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func noNil(v reflect.Value) error {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return Problem("TOML has no null: leave the key out, or use default or compact")
	case reflect.Map, reflect.Slice:
		for e := range document.Elements(v) {
			if err := noNil(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromBase64 and fromBase32 fail where Sprig's put the text of the error into
// the output, and where bits of the last character would be lost.
func fromBase64(s string) (string, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return "", &Failure{Text: err.Error(), Safe: "its input is not base64"}
	}
	return string(b), nil
}

func fromBase32(s string) (string, error) {
	b, err := base32.StdEncoding.DecodeString(s)
	if err != nil {
		return "", &Failure{Text: err.Error(), Safe: "its input is not base32"}
	}
	if base32.StdEncoding.EncodeToString(b) != strings.NewReplacer("\r", "", "\n", "").Replace(s) {
		return "", Problem("its input is not base32")
	}
	return string(b), nil
}

// Expand replaces $NAME and ${NAME} in s as Sprig's expandenv does, by what
// value returns for each. A brace that is not closed, or holds no name, is an
// error: [os.Expand] drops it.
func Expand(s string, value func(name string) string) (string, error) {
	for rest := s; ; {
		_, after, found := strings.Cut(rest, "${")
		if !found {
			break
		}
		name, _, closed := strings.Cut(after, "}")
		if !closed || name == "" || strings.ContainsFunc(name, notWord) {
			return "", Problem("write ${NAME}; for a default value, use env NAME | default X")
		}
		rest = after
	}
	return os.Expand(s, value), nil
}
