package main

import (
	"context"
	"errors"
	"strings"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/s3"
)

// placeFinder learns account and key of stores, asking AWS for what the
// settings do not say, once each.
type placeFinder struct {
	a       *app
	account string
	found   map[placeKey]policy.Place
}

type placeKey struct {
	where job.Store
	key   bool
}

func (f *placeFinder) find(ctx context.Context, where job.Store, withKey bool) (policy.Place, error) {
	id := placeKey{where, withKey}
	if p, ok := f.found[id]; ok {
		return p, nil
	}
	c, err := f.a.stores.AWS(ctx, where)
	if err != nil {
		return policy.Place{}, err
	}
	p := policy.Place{Region: c.AWS.Region, KeyRegion: c.KMS.Region, Table: where.Table, Account: f.account, Partition: s3.Partition(c.AWS.Region)}
	if withKey {
		if p.Key, err = keyARN(ctx, c, where.Key); err != nil {
			return policy.Place{}, err
		}
	}
	if p.Account == "" {
		me, err := c.Identity(ctx)
		if err != nil {
			return policy.Place{}, err
		}
		p.Account = me.Account
	}
	f.found[id] = p
	return p, nil
}

// admin is the place of the settings' own store, whose key may not be there yet.
func (f *placeFinder) admin(ctx context.Context, where job.Store) (policy.Place, error) {
	if where.Kind == backend.Local {
		return policy.Place{}, usagef("a local store has no IAM policy")
	}
	p, err := f.find(ctx, where, true)
	if errors.Is(err, source.ErrNoStore) {
		p, err = f.find(ctx, where, false)
	}
	if err == nil && kms.IsAlias(where.Key) {
		p.Alias = "arn:" + p.Partition + ":kms:" + regionOf(p) + ":" + p.Account + ":" + where.Key
	}
	return p, err
}

// regionOf is the key's region, which may be another than the table's.
func regionOf(p policy.Place) string {
	if key, ok := source.ParseARN(p.Key); ok {
		return key.Region
	}
	return p.KeyRegion
}

// keyARN is the ARN of the key itself; AWS is asked unless it is given.
func keyARN(ctx context.Context, c awsconfig.Config, key string) (string, error) {
	if arn, ok := source.ParseARN(key); ok && strings.HasPrefix(arn.Resource, "key/") {
		return key, nil
	}
	found, err := kms.NewAdmin(c.KMS, key).Describe(ctx)
	return found.ARN, err
}
