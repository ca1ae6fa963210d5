package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
)

// storeSettings are what --to and --from may say of another store; all else is
// as for this one.
var storeSettings = []string{"store", "table", "key", "local_key", "region", "kms_region", "profile", "arn"}

// elsewhere is the store that SETTING=VALUE words make of this one.
func (a *app) elsewhere(ctx context.Context, flag string, words []string) (job.Store, error) {
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

// samePlace reports whether two stores are one, whatever sources are
// configured beside them.
func samePlace(a, b job.Store) bool {
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
