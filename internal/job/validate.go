package job

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// Formats that [File.Format] may name.
var Formats = []string{"json", "yaml", "toml", "env", "pem"}

// ErrFormat: rendered bytes are not of the format that the file declares.
var ErrFormat = errors.New("not valid")

// Validate checks rendered bytes against a declared format; "" passes. The
// error tells a line, never content: parsers like to quote what they choke on.
func Validate(format string, data []byte) error {
	line, ok := 0, true
	switch format {
	case "json":
		line, ok = checkJSON(data)
	case "yaml":
		line, ok = checkYAML(data)
	case "toml":
		line, ok = checkTOML(data)
	case "env":
		line, ok = checkEnv(data)
	case "pem":
		line, ok = checkPEM(data)
	}
	switch {
	case ok:
		return nil
	case line > 0:
		return fmt.Errorf("%w %s at line %d", ErrFormat, strings.ToUpper(format), line)
	}
	return fmt.Errorf("%w %s", ErrFormat, strings.ToUpper(format))
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

func checkJSON(data []byte) (int, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	var v json.RawMessage
	err := d.Decode(&v)
	if err == nil {
		if _, more := d.Token(); more == io.EOF {
			return checkJSONKeys(data)
		}
		return lineAt(data, d.InputOffset()), false
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return lineAt(data, syntax.Offset), false
	}
	return lineAt(data, int64(len(data))), false
}

// checkJSONKeys refuses a key that its object has already: parsers differ in
// which of the values they take (RFC 8259, section 4).
func checkJSONKeys(data []byte) (int, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool // of each object and array around; nil: an array
	isKey := false
	for {
		t, err := d.Token()
		if err != nil {
			return 0, true
		}
		switch t {
		case json.Delim('{'):
			open, isKey = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open, isKey = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if key, ok := t.(string); isKey && ok {
				keys := open[len(open)-1]
				if keys[key] {
					return lineAt(data, d.InputOffset()), false
				}
				keys[key], isKey = true, false
				continue
			}
		}
		isKey = len(open) > 0 && open[len(open)-1] != nil
	}
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line (\d+)`) })

func checkYAML(data []byte) (int, bool) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return 0, true
		}
		if err != nil {
			line := 0
			if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
				_, _ = fmt.Sscan(m[1], &line)
			}
			return line, false
		}
		if line := duplicateKey(&n); line > 0 {
			return line, false
		}
	}
}

// duplicateKey returns the line of a key that its mapping has already, which
// YAML forbids and decoders take differently; 0: there is none.
func duplicateKey(n *yaml.Node) int {
	seen := map[string]bool{}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.ScalarNode {
			key := c.ShortTag() + " " + c.Value
			if seen[key] {
				return c.Line
			}
			seen[key] = true
		}
		if line := duplicateKey(c); line > 0 {
			return line
		}
	}
	return 0
}

func checkTOML(data []byte) (int, bool) {
	var v map[string]any
	err := toml.Unmarshal(data, &v)
	var de *toml.DecodeError
	if errors.As(err, &de) {
		line, _ := de.Position()
		return line, false
	}
	return 0, err == nil
}

var envName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(export\s+)?[A-Za-z_][A-Za-z0-9_.-]*$`) })

// checkEnv knows KEY=value, KEY="..." and KEY='...' over several lines, blank
// lines and comments: what systemd, docker and dotenv loaders have in common.
func checkEnv(data []byte) (int, bool) {
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		text := strings.TrimSpace(lines[i])
		if text == "" || text[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok || !envName().MatchString(name) || strings.ContainsRune(value, 0) || !utf8.ValidString(value) {
			return i + 1, false
		}
		if value == "" || (value[0] != '"' && value[0] != '\'') {
			continue
		}
		start := i
		for rest := value[1:]; !closesQuote(rest, value[0]); rest = lines[i] {
			if i++; i == len(lines) {
				return start + 1, false
			}
		}
	}
	return 0, true
}

func closesQuote(s string, quote byte) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote == '"':
			i++
		case s[i] == quote:
			return true
		}
	}
	return false
}

func checkPEM(data []byte) (int, bool) {
	rest, blocks := data, 0
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		blocks++
	}
	if i := bytes.Index(rest, []byte("-----BEGIN")); i >= 0 {
		return lineAt(data, int64(len(data)-len(rest)+i)), false
	}
	return 0, blocks > 0
}
