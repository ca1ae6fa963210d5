package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/store"
)

// storeSettings are what --to and --from may say of another store; all else is
// as for this one.
var storeSettings = []string{"store", "table", "key", "local_key", "region", "kms_region", "profile", "arn"}

// elsewhere opens the store that SETTING=VALUE words make of this one.
func (a *app) elsewhere(ctx context.Context, flag string, words []string) (*store.Store, error) {
	given, err := pairs(flag, words)
	if err != nil {
		return nil, err
	}
	flags := maps.Clone(a.globals.given())
	for key, value := range given {
		if key = strings.ReplaceAll(key, "-", "_"); !slices.Contains(storeSettings, key) {
			return nil, usagef("--%s %s: not a setting of a store; they are %s", flag, key, strings.Join(storeSettings, ", "))
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
	here, err := a.where(ctx, a.globals.given())
	if err != nil {
		return nil, err
	}
	there, err := a.where(ctx, flags)
	if err != nil {
		return nil, err
	}
	if here == there {
		return nil, usagef("--%s names the store itself", flag)
	}
	return a.stores.Store(ctx, there)
}

func (a *app) where(ctx context.Context, flags map[string]string) (job.Store, error) {
	cfg, err := config.Load(ctx, config.Options{Flags: flags, Environ: a.environ, Dir: a.dir, EUID: a.euid})
	if err != nil {
		return job.Store{}, err
	}
	return cfg.Base.Store, nil
}
