package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/credrender/credrender/pkg/template/document"
	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// node is a value of a document, in what JSON, YAML, TOML and XML have in common.
type node struct {
	kind nodeKind
	keys []*node // of a mapping, beside kids
	kids []*node
	text string // of a scalar
	note string // of YAML: anchor and comment
	flow bool   // elements are separated by commas
}

type nodeKind int

const (
	bareScalar   nodeKind = iota // a number, a word, YAML's plain style
	quotedScalar                 // in quotes, or one of YAML's blocks
	mapping
	list
	reference // YAML's alias
)

// parseTree reads a document; several documents of YAML are a list. Where the
// document is not valid, ok is false and line is where, or 0.
func parseTree(format string, data []byte) (root *node, line int, ok bool) {
	switch format {
	case "json":
		return parseJSON(data)
	case "yaml":
		return parseYAML(data)
	case "xml":
		return parseXML(data)
	}
	return parseTOML(data)
}

// jsonParser reads by tokens: a map would forget the second of two equal keys.
type jsonParser struct {
	*json.Decoder
	data []byte
}

var errDuplicate = errors.New("duplicate key")

func parseJSON(data []byte) (*node, int, bool) {
	if i := document.InvalidUTF8(string(data)); i >= 0 { // the decoder replaces it
		return nil, lineAt(data, int64(i)), false
	}
	p := jsonParser{json.NewDecoder(bytes.NewReader(data)), data}
	p.UseNumber()
	root, err := p.value()
	if err == nil {
		if _, more := p.Token(); errors.Is(more, io.EOF) {
			return root, 0, true
		}
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, lineAt(data, syntax.Offset), false
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, lineAt(data, int64(len(data))), false
	}
	return nil, lineAt(data, p.InputOffset()), false
}

func (p jsonParser) value() (*node, error) {
	t, err := p.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		n := &node{kind: list, flow: true}
		if t == '{' {
			n.kind = mapping
		}
		return n, p.fill(n)
	case string:
		return &node{kind: quotedScalar, text: t}, nil
	}
	if t == nil {
		return &node{text: "null"}, nil
	}
	return &node{text: fmt.Sprint(t)}, nil
}

// fill reads an object or array to its end. Parsers differ in which of two equal
// keys they take (RFC 8259, section 4), so the second is an error.
func (p jsonParser) fill(n *node) error {
	seen := map[string]bool{}
	for p.More() {
		if n.kind == mapping {
			key, err := p.value()
			if err != nil {
				return err
			}
			if seen[key.text] {
				return errDuplicate
			}
			seen[key.text], n.keys = true, append(n.keys, key)
		}
		kid, err := p.value()
		if err != nil {
			return err
		}
		n.kids = append(n.kids, kid)
	}
	_, err := p.Token()
	return err
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line (\d+)`) })

func parseYAML(data []byte) (*node, int, bool) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	root := &node{kind: list}
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return root, 0, true
		}
		if err != nil {
			line := 0
			if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
				_, _ = fmt.Sscan(m[1], &line)
			}
			return nil, line, false
		}
		if line := duplicateKey(&n); line > 0 {
			return nil, line, false
		}
		for _, content := range n.Content {
			root.kids = append(root.kids, fromYAML(content))
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

func fromYAML(y *yaml.Node) *node {
	n := &node{text: y.Value, note: y.Anchor + " " + y.LineComment, flow: y.Style&yaml.FlowStyle != 0}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = mapping
	case yaml.SequenceNode:
		n.kind = list
	case yaml.AliasNode:
		n.kind = reference
	default:
		if y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			n.kind = quotedScalar
		}
	}
	for i, c := range y.Content {
		if n.kind == mapping && i%2 == 0 {
			n.keys = append(n.keys, fromYAML(c))
		} else {
			n.kids = append(n.kids, fromYAML(c))
		}
	}
	return n
}

func parseTOML(data []byte) (*node, int, bool) {
	var v map[string]any
	err := toml.Unmarshal(data, &v)
	if de, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := de.Position()
		return nil, line, false
	}
	return fromTOML(v), 0, err == nil
}

// fromTOML sorts keys: their order does not count.
func fromTOML(v any) *node {
	n := &node{flow: true}
	switch v := v.(type) {
	case map[string]any:
		n.kind = mapping
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n.keys, n.kids = append(n.keys, &node{text: key}), append(n.kids, fromTOML(v[key]))
		}
	case []any:
		n.kind = list
		for _, kid := range v {
			n.kids = append(n.kids, fromTOML(kid))
		}
	case string:
		n.kind, n.text = quotedScalar, v
	default:
		n.text = fmt.Sprint(v)
	}
	return n
}
