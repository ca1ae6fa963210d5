package job

import (
	"bytes"
	"crypto/tls"
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

// ErrKeypair: a private key does not belong to its certificate.
var ErrKeypair = errors.New("certificate and key do not match")

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
			return 0, true
		}
		return lineAt(data, d.InputOffset()), false
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return lineAt(data, syntax.Offset), false
	}
	return lineAt(data, int64(len(data))), false
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
	}
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

// CheckKeypair reports whether the private key belongs to the first
// certificate, both PEM.
func CheckKeypair(cert, key []byte) error {
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return fmt.Errorf("%w: %w", ErrKeypair, err)
	}
	return nil
}
