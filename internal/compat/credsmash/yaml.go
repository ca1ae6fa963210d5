package credsmash

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// parseYAML parses YAML 1.1 like PyYAML's safe_load: yes and no are booleans and 0644 is
// octal. Dates stay text.
func parseYAML(data []byte) (py.Value, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("not YAML: %w", yamlPlace(err))
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	return py.Caught(func() py.Value { return (&yamlReader{}).value(doc.Content[0], 0) })
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line [0-9]+`) })

// yamlPlace reduces an error to its position, because the message may quote the text.
func yamlPlace(err error) error {
	if at := yamlLine().FindString(err.Error()); at != "" {
		return fmt.Errorf("at %s", at)
	}
	return fmt.Errorf("at its end")
}

// Limits for YAML, because a few aliases can expand to more values than fit in memory. A
// secret without aliases is far below maxYAMLValues.
const (
	maxYAMLDepth  = 100
	maxYAMLValues = 1_000_000
)

// yamlReader makes values of nodes. It fails as operations of package py do.
type yamlReader struct{ values int }

func (r *yamlReader) value(n *yaml.Node, depth int) py.Value {
	r.values++
	switch {
	case depth > maxYAMLDepth:
		py.Check(fmt.Errorf("line %d: nested too deep", n.Line))
	case r.values > maxYAMLValues:
		py.Check(fmt.Errorf("line %d: more than %d values, aliases counted each time", n.Line, maxYAMLValues))
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		l := py.NewList()
		for _, c := range n.Content {
			l.Items = append(l.Items, r.value(c, depth+1))
		}
		return l
	case yaml.MappingNode:
		return r.dict(n, depth)
	}
	return yamlScalar(n)
}

func (r *yamlReader) dict(n *yaml.Node, depth int) py.Value {
	d := py.NewDict()
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			merged = append(merged, n.Content[i+1])
			continue
		}
		k, v := r.value(n.Content[i], depth+1), r.value(n.Content[i+1], depth+1)
		if err := d.Set(k, v); err != nil {
			py.Check(fmt.Errorf("line %d: %w", n.Content[i].Line, err))
		}
	}
	for _, m := range merged {
		v := r.value(m, depth+1)
		from := []py.Value{v}
		if l, ok := v.(*py.List); ok {
			from = l.Items
		}
		for _, f := range from {
			other, _ := f.(*py.Dict)
			for k, v := range other.All() {
				if _, held := d.Get(k); !held {
					_ = d.Set(k, v) // it was a key before
				}
			}
		}
	}
	return d
}

var (
	yamlInt = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$`)
	})
	yamlFloat = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?$|^[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$`)
	})
)

func yamlScalar(n *yaml.Node) py.Value {
	if n.Style != 0 && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.Tag == "!!str" && n.Style&yaml.TaggedStyle != 0 {
		return n.Value
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true
	case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false
	}
	text := strings.ReplaceAll(n.Value, "_", "")
	if yamlInt().MatchString(n.Value) {
		i, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			py.Check(fmt.Errorf("line %d: a number is larger than 64 bits hold", n.Line))
		}
		return i
	}
	if yamlFloat().MatchString(n.Value) {
		f, _ := strconv.ParseFloat(text, 64) // one that is too large is an infinity, as in Python
		return f
	}
	return n.Value
}
