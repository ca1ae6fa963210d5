package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// storeSettings are what --to and --from may say of another store; all else is
// as for this one.
var storeSettings = []string{"store", "table", "key", "local_key", "region", "kms_region", "profile", "arn"}

// otherStore is the store that SETTING=VALUE words make of this one.
func (a *app) otherStore(ctx context.Context, flag string, words []string) (job.Store, error) {
	given, err := pairs("--"+flag, words)
	if err != nil {
		return job.Store{}, err
	}
	flags := maps.Clone(a.globals.given())
	for key, value := range given {
		if key = strings.ReplaceAll(key, "-", "_"); !slices.Contains(storeSettings, key) {
			return job.Store{}, usagef("--%s %s: not a setting of a store; they are %s", flag, key, strings.Join(storeSettings, ", "))
		}
		flags[strings.ReplaceAll(key, "_", "-")] = value
	}
	// A profile and a role exclude each other: the one stands in the other's place.
	if given["profile"] != "" && given["arn"] == "" {
		flags["arn"] = ""
	}
	if given["arn"] != "" && given["profile"] == "" {
		flags["profile"] = ""
	}
	return a.where(ctx, flags)
}

// sameStore reports whether two stores are one, whatever sources are
// configured beside them.
func sameStore(a, b job.Store) bool {
	a.Sources, b.Sources = nil, nil
	return a == b
}

func (a *app) where(ctx context.Context, flags map[string]string) (job.Store, error) {
	cfg, err := config.Load(ctx, config.Options{Flags: flags, Environ: a.environ, Dir: a.dir, EUID: a.euid, Read: a.input.ReadFile})
	if err != nil {
		return job.Store{}, err
	}
	return cfg.Base.Store, nil
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
