package secretfile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/source"
)

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line (\d+)`) })

// parseYAML keeps scalars as they are written: 0644 and 1e3 are text here.
func parseYAML(data []byte) ([]Entry, error) {
	var doc, next yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		if err = dec.Decode(&next); err == nil {
			return nil, &SyntaxError{next.Line, "a second document: a file contains only one"}
		}
	}
	if !errors.Is(err, io.EOF) {
		// The parser quotes what it stumbles over.
		fault := &SyntaxError{Msg: "not valid YAML"}
		if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
			fault.Line, _ = strconv.Atoi(m[1])
		}
		return nil, fault
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, &SyntaxError{root.Line, "not a mapping of names and values"}
	}
	var entries []Entry
	for i := 0; i < len(root.Content); i += 2 {
		name, value := root.Content[i], root.Content[i+1]
		if name.Kind != yaml.ScalarNode || name.Tag == "!!merge" {
			return nil, &SyntaxError{name.Line, "a name is not text"}
		}
		b, err := yamlValue(name.Value, value)
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{name.Value, source.NewSecret(b), name.Line})
	}
	return entries, nil
}

func yamlValue(name string, n *yaml.Node) ([]byte, error) {
	encoded := n
	none := &SyntaxError{n.Line, source.Show(name) + ": no value: \"\" is an empty one"}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, none
	case n.Kind == yaml.ScalarNode && isTextTag(n.Tag):
		return []byte(n.Value), nil
	case n.Kind == yaml.ScalarNode && n.Tag != "!!binary": // !vault, !Ref, ...: what is meant is elsewhere
		return nil, &SyntaxError{n.Line, source.Show(name) + ": an unknown tag: remove it if the text is the value"}
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == base64Key && n.Content[1].Kind == yaml.ScalarNode:
		if encoded = n.Content[1]; encoded.Tag == "!!null" {
			return nil, none
		}
	case n.Kind != yaml.ScalarNode:
		return nil, &SyntaxError{n.Line, notValue(name, kindOf(n))}
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded.Value), ""))
	if err != nil {
		return nil, &SyntaxError{encoded.Line, source.Show(name) + ": not base64"}
	}
	return b, nil
}

// isTextTag tells the tags of YAML's own types, whose text is the value.
func isTextTag(tag string) bool {
	switch tag {
	case "", "!", "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		return true
	}
	return false
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	return "a mapping"
}

func writeYAML(entries []Entry) ([]byte, error) {
	if err := checkNames(entries); err != nil {
		return nil, err
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range entries {
		root.Content = append(root.Content, yamlText(e.Name), yamlOf(e.Value.Reveal()))
	}
	return yaml.Marshal(root)
}

func yamlOf(value []byte) *yaml.Node {
	if utf8.Valid(value) {
		return yamlText(string(value))
	}
	encoded := yamlText(base64.StdEncoding.EncodeToString(value))
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{yamlText(base64Key), encoded}}
}

// yamlText is in double quotes but where it is plain beyond doubt: that is the
// one style which holds every text, and other people's parsers agree on it. To
// readers of YAML 1.1 (PyYAML, Ruby) more is a number or a bool than to those of
// 1.2 (https://yaml.org/type/bool.html).
func yamlText(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	if plain().MatchString(s) && !slices.Contains(
		[]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(s)) {
		n.Style = 0
	}
	return n
}

var plain = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`) })

func unfit(e Entry, why string) error {
	return &source.RefError{Ref: source.Ref{Name: e.Name}, Err: fmt.Errorf("%w: %s", ErrUnfit, why)}
}
