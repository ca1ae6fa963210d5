package funcs

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// MinJSON takes the white space out of a JSON text and leaves all else, the
// digits of numbers included.
func MinJSON(s string) (string, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		return "", err
	}
	return b.String(), nil
}

// ToYAML returns v as YAML with an indent of two and no newline at the end.
func ToYAML(v any) (string, error) {
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	if err := enc.Close(); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// ToTOML returns a map as TOML with no newline at the end.
func ToTOML(v any) (string, error) {
	b, err := toml.Marshal(v)
	if err != nil {
		return "", &Failure{Text: err.Error(), Safe: "its input has no form in TOML: a table is a map, and nil has none"}
	}
	return strings.TrimSuffix(string(b), "\n"), nil
}

// Expand replaces $NAME and ${NAME} in s as Sprig's expandenv does, by what
// value returns for each.
func Expand(s string, value func(name string) string) string { return os.Expand(s, value) }

// fromBase64 and fromBase32 fail where Sprig's put the text of the error into
// the output.
func fromBase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
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
	return string(b), nil
}
