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

// storeSettings are the settings that --to and --from accept. The other store has all
// other settings of this one.
var storeSettings = []string{"store", "table", "key", "local_key", "region", "kms_region", "profile", "arn"}

// otherStore returns the store of --to or --from: this one with SETTING=VALUE applied.
func (a *app) otherStore(ctx context.Context, flag string, words []string) (job.Store, error) {
	given, err := pairs("--"+flag, words)
	if err != nil {
		return job.Store{}, err
	}
	flags := maps.Clone(a.globals.given())
	for key, value := range given {
		if key = strings.ReplaceAll(key, "-", "_"); !slices.Contains(storeSettings, key) {
			return job.Store{}, usagef("--%s %s: not a setting of a store: use one of %s", flag, key, strings.Join(storeSettings, ", "))
		}
		flags[strings.ReplaceAll(key, "_", "-")] = value
	}
	// A profile and a role exclude each other, so a new one replaces the other.
	if given["profile"] != "" && given["arn"] == "" {
		flags["arn"] = ""
	}
	if given["arn"] != "" && given["profile"] == "" {
		flags["profile"] = ""
	}
	return a.where(ctx, flags)
}

// storeConfig is config for a command that works on the store itself.
func (a *app) storeConfig(ctx context.Context) (*config.Config, error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil, err
	}
	return cfg, checkOneStore(cfg)
}

// checkOneStore refuses a config directory with a file that selects another store, since
// the setting holds for the file's own jobs: a command would ignore it and act on the
// default store. It also refuses one with a file that cannot be read as config, which may
// select another store too.
func checkOneStore(cfg *config.Config) error {
	if len(cfg.Broken) > 0 {
		return usagef("a file of the config directory cannot be read, and it may select another store: correct it, or pass --config with the file to use")
	}
	if len(cfg.OtherStores) == 0 {
		return nil
	}
	file := cfg.OtherStores[0]
	return usagef("%s selects another store or source, which only its own jobs use: pass --config %s, or the settings as flags", file, file)
}

// sameStore reports whether two stores are the same, regardless of their sources.
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

// isRef reports whether the first argument of [REF] [KEY=VALUE]... is a REF. A pair has
// an = before any ?.
func isRef(word string) bool {
	pair, query := strings.Index(word, "="), strings.Index(word, "?")
	return pair < 0 || query >= 0 && query < pair
}

// target returns the secret or secrets of a REF and the context arguments after it.
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

// open returns the target of a parsed ref. It refuses --key if the ref's source has
// another key.
func (a *app) open(cfg *config.Config, ref backend.Ref) (*backend.Target, error) {
	t, err := a.stores.Target(cfg.Base.Store, ref)
	if err != nil {
		return nil, err
	}
	key, ok := a.globals.given()["key"]
	if ok && t.HasItems() && t.Place().Kind == backend.Local {
		return nil, usagef("--key %s is a KMS key, and the store is local: pass its key file with --local-key", key)
	}
	if ok {
		t.UseKey(key)
	}
	if ok && (t.HasItems() || t.Place().Key != "") && t.Place().Key != key {
		return nil, usagef("--key %s: %s is in a source with another key, %s", key, t.Bare(), t.Place().Key)
	}
	return t, nil
}

// bare returns the target of a REF for a command that takes no context.
func (a *app) bare(cfg *config.Config, verb, ref, version string) (*backend.Target, error) {
	t, err := a.target(cfg, ref, version, nil, nil)
	if err == nil && !t.Context().IsZero() {
		return nil, usagef("%s: %s takes no context: it applies to all versions of a name, whatever their context", source.Show(ref), verb)
	}
	return t, err
}

// whole returns all of the store, the target of a command without a REF.
func (a *app) whole(cfg *config.Config, c source.Context) (*backend.Target, error) {
	return a.open(cfg, backend.All(c))
}
