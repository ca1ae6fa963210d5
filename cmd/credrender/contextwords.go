package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/source"
)

// How commands read a REF, and the words that are its context.

// contextFlag adds the flag whose pairs are taken as they are.
func contextFlag(c *cobra.Command, literal *[]string) {
	c.Flags().StringArrayVar(literal, "context", nil, "`KEY=VALUE` of the encryption context, taken literally (repeatable)")
}

// contextPairs reads a context: words are arguments, literal what --context has.
// AWS's own shorthand for several pairs would be one pair here, so that it is
// refused as a word.
func contextPairs(words, literal []string) (map[string]string, error) {
	for _, w := range words {
		if isJoined(w) {
			key, _, _ := strings.Cut(w, "=")
			return nil, usagef("context: the word that begins with %s= holds several pairs: separate them by spaces; --context KEY=VALUE takes a comma literally", source.Show(key))
		}
	}
	return pairs("context", append(words[:len(words):len(words)], literal...))
}

// isJoined reports whether a word is a=b,c=d.
func isJoined(word string) bool {
	_, value, ok := strings.Cut(word, "=")
	_, after, comma := strings.Cut(value, ",")
	return ok && comma && strings.Index(after, "=") > 0
}

// isRef reports whether the first word of a command that takes [REF]
// [KEY=VALUE]... is the REF: a pair has an = before any ?.
func isRef(word string) bool {
	pair, query := strings.Index(word, "="), strings.Index(word, "?")
	return pair < 0 || query >= 0 && query < pair
}

// target finds what a REF means, with the words beside it.
func (a *app) target(cfg *config.Config, ref, version string, words, literal []string) (*backend.Target, error) {
	given, err := contextPairs(words, literal)
	if err != nil {
		return nil, err
	}
	parsed, err := backend.ParseRef(cfg.Base.Store, ref, version, given)
	if err != nil {
		return nil, err
	}
	return a.open(cfg, parsed)
}

// open finds the place of a ref. --key is the word of whoever types it: a source
// with another key of its own is a contradiction.
func (a *app) open(cfg *config.Config, ref backend.Ref) (*backend.Target, error) {
	t, err := a.stores.Target(cfg.Base.Store, ref)
	if err != nil {
		return nil, err
	}
	key, ok := a.globals.given()["key"]
	if ok && t.HasItems() && t.Place().Kind == backend.Local {
		return nil, usagef("--key %s is a KMS key, and the store is local: --local-key names its key file", key)
	}
	if ok && t.HasItems() && t.Place().Key != key {
		return nil, usagef("--key %s: %s is in a source with a key of its own, %s", key, t.Bare(), t.Place().Key)
	}
	return t, nil
}

// bare makes a target of a REF that takes no context.
func (a *app) bare(cfg *config.Config, verb, ref, version string) (*backend.Target, error) {
	t, err := a.target(cfg, ref, version, nil, nil)
	if err == nil && !t.Context().IsZero() {
		return nil, usagef("%s: %s takes no context: it is about all versions of a name, whatever their context", source.Show(ref), verb)
	}
	return t, err
}

// whole is the target of a command without a REF: all of the store.
func (a *app) whole(cfg *config.Config, c source.Context) (*backend.Target, error) {
	return a.open(cfg, backend.All(c))
}
