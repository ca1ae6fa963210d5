package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// contextPairs parses an encryption context from KEY=VALUE arguments and from the
// values of --context. AWS's shorthand a=b,c=d would become one pair, so it is refused
// as an argument, as is KEY= without a value, which an unset variable of a script leaves;
// --context takes both literally.
func contextPairs(words, literal []string) (map[string]string, error) {
	if err := checkWords(words); err != nil {
		return nil, err
	}
	return pairs("context", append(words[:len(words):len(words)], literal...))
}

func checkWords(words []string) error {
	for _, w := range words {
		if isJoined(w) {
			key, _, _ := strings.Cut(w, "=")
			return usagef("context: the word that begins with %s= contains several pairs: separate them by spaces; --context KEY=VALUE takes a comma literally", source.Show(key))
		}
		if isEmptyPair(w) {
			return usagef("context: %s has no value: is a variable unset? --context %s takes it literally", source.Show(w), source.Show(w))
		}
	}
	return nil
}

// contextAmong takes the arguments KEY=VALUE from among SRC[:DEST]. They have no colon, and
// no slash before =. A file whose name has that form is refused: it is written ./KEY=VALUE.
// So is what looks like a template that is not there: without it, all jobs would run.
func (a *app) contextAmong(args []string) (files, words []string, err error) {
	for _, arg := range args {
		key, _, _ := strings.Cut(arg, "=")
		if !isPair(arg) || strings.Contains(arg, ":") || strings.Contains(key, "/") {
			files = append(files, arg)
			continue
		}
		if _, err := os.Lstat(a.abs(arg)); err == nil {
			return nil, nil, usagef("%s is a file, and has the form of a context: write ./%s for the file, --context %s for the context", source.Show(arg), source.Show(arg), source.Show(arg))
		}
		if looksLikeFile(arg) {
			return nil, nil, usagef("%s: no such file; for a context write --context %s", source.Show(arg), source.Show(arg))
		}
		words = append(words, arg)
	}
	return files, words, checkWords(words)
}

// looksLikeFile reports whether a word has a slash or the ending of a template.
func looksLikeFile(word string) bool {
	endings := []string{".tmpl", ".tpl", ".ctmpl", ".gotmpl", ".j2"}
	return strings.Contains(word, "/") || slices.Contains(endings, filepath.Ext(word))
}

// isJoined reports whether a word has the form a=b,c=d.
func isJoined(word string) bool {
	_, value, ok := strings.Cut(word, "=")
	_, after, comma := strings.Cut(value, ",")
	return ok && comma && strings.Index(after, "=") > 0
}

// isEmptyPair reports whether a word has the form KEY=.
func isEmptyPair(word string) bool {
	key, value, ok := strings.Cut(word, "=")
	return ok && key != "" && value == ""
}

// contextRule is an entry of a context map. The first rule whose pattern matches a
// name applies. Its context is a mapping, or a list of mappings to try in turn.
type contextRule struct {
	pattern  string
	contexts []source.Context
}

// contexts returns the contexts of each name according to a context map. Names without
// a rule, and all names without a map, have the given context.
func (a *app) contexts(path string, given source.Context) (store.Contexts, error) {
	if path == "" {
		return store.Always(given), nil
	}
	data, err := a.readNamed(path)
	if err != nil {
		return nil, err
	}
	rules, err := parseContextMap(data)
	if err != nil {
		return nil, usagef("%s%w", path, err)
	}
	if len(rules) == 0 {
		return nil, usagef("%s: it contains no {pattern, context}: leave --context-map out, or add one", path)
	}
	return func(name string) []source.Context {
		for _, r := range rules {
			if source.Match(r.pattern, name) {
				return r.contexts
			}
		}
		return []source.Context{given}
	}, nil
}

func parseContextMap(data []byte) ([]contextRule, error) {
	var entries []map[string]yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&entries); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf(": not a list of {pattern, context}: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New(": a second document follows the list: a file contains only one")
	}
	rules := make([]contextRule, len(entries))
	for i, entry := range entries {
		var err error
		if rules[i], err = parseRule(entry); err != nil {
			return nil, fmt.Errorf(", entry %d: %w", i+1, err)
		}
	}
	return rules, nil
}

func parseRule(entry map[string]yaml.Node) (r contextRule, err error) {
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		switch n := entry[key]; key {
		case "pattern":
			r.pattern = n.Value
		case "context":
			r.contexts, err = parseContexts(&n)
		default:
			err = fmt.Errorf("a key %s, not pattern or context", source.Show(key))
		}
		if err != nil {
			return r, err
		}
	}
	switch {
	case r.pattern == "":
		return r, errors.New("no pattern")
	case len(r.contexts) == 0:
		return r, errors.New("no context: {} is the empty context")
	}
	return r, nil
}

func parseContexts(n *yaml.Node) ([]source.Context, error) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	var all []source.Context
	for _, n := range nodes {
		var pairs map[string]string
		if n.Kind != yaml.MappingNode {
			return nil, errors.New("a context is not a mapping of keys and values")
		}
		if err := n.Decode(&pairs); err != nil {
			return nil, fmt.Errorf("context: %w", err)
		}
		for i := 1; i < len(n.Content); i += 2 {
			if v := n.Content[i]; v.ShortTag() == "!!null" {
				return nil, fmt.Errorf("context: %s has no value: \"\" is an empty one", source.Show(n.Content[i-1].Value))
			}
		}
		c, err := source.NewContext(pairs)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
