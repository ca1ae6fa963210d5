package document

import (
	"iter"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// WritableYAML returns v for the encoder of yaml.v3, which writes a text of several lines
// as a block, even one that no parser can read: a text that begins with white space, or
// has a line break of Unicode's. The result asks for double quotes around such texts, keys
// included. Where v has none, the result is v.
func WritableYAML(v any) any {
	if x := reflect.ValueOf(v); holdsUnreadableBlock(x) {
		return quoteBlocks(x)
	}
	return v
}

// doubleQuoted is a text that yaml.v3 writes in double quotes.
type doubleQuoted string

// MarshalYAML implements yaml.Marshaler.
func (q doubleQuoted) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(q), Style: yaml.DoubleQuotedStyle}, nil
}

func unreadableAsBlock(s string) bool {
	return strings.Contains(s, "\n") && (strings.ContainsAny(s[:1], " \t\r\n") || strings.ContainsAny(s, "\u0085\u2028\u2029"))
}

func holdsUnreadableBlock(x reflect.Value) bool {
	switch x.Kind() {
	case reflect.Interface:
		return holdsUnreadableBlock(x.Elem())
	case reflect.String:
		return unreadableAsBlock(x.String())
	case reflect.Map:
		for it := x.MapRange(); it.Next(); {
			if holdsUnreadableBlock(it.Key()) || holdsUnreadableBlock(it.Value()) {
				return true
			}
		}
	case reflect.Slice:
		for i := range x.Len() {
			if holdsUnreadableBlock(x.Index(i)) {
				return true
			}
		}
	}
	return false
}

func quoteBlocks(x reflect.Value) any {
	switch x.Kind() {
	case reflect.Interface:
		return quoteBlocks(x.Elem())
	case reflect.String:
		if unreadableAsBlock(x.String()) {
			return doubleQuoted(x.String())
		}
	case reflect.Map:
		m := make(map[any]any, x.Len())
		for it := x.MapRange(); it.Next(); {
			m[quoteBlocks(it.Key())] = quoteBlocks(it.Value())
		}
		return m
	case reflect.Slice:
		list := make([]any, x.Len())
		for i := range list {
			list[i] = quoteBlocks(x.Index(i))
		}
		return list
	}
	if !x.IsValid() {
		return nil
	}
	return x.Interface()
}

// Elements yields the elements of a list, or the values of a map.
func Elements(v reflect.Value) iter.Seq[reflect.Value] {
	return func(yield func(reflect.Value) bool) {
		if v.Kind() == reflect.Map {
			for it := v.MapRange(); it.Next(); {
				if !yield(it.Value()) {
					return
				}
			}
			return
		}
		for i := range v.Len() {
			if !yield(v.Index(i)) {
				return
			}
		}
	}
}
