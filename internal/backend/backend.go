// Package backend opens the stores that settings name: a DynamoDB table with
// its KMS keys, or a local file. It is the one place that knows them all.
package backend

import (
	"context"
	"fmt"
	"sync"

	"github.com/credrender/credrender/internal/awsconf"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

// Kinds of stores, as job.Store.Kind has them.
const (
	DynamoDB = "dynamodb"
	Local    = "local"
)

// Set opens each store once. It is safe for concurrent use; the zero Set is
// ready.
type Set struct {
	// Meter, set before the first store is opened, counts what is asked of
	// AWS; nil: nothing is counted.
	Meter *awsconf.Meter

	mu     sync.Mutex
	stores map[job.Store]*opened
}

type opened struct {
	once  sync.Once
	store *store.Store
	aws   awsconf.Config // of a DynamoDB store
	err   error
}

// Source implements fetch.Opener. No source has a prefix yet.
func (s *Set) Source(ctx context.Context, where job.Store, prefix string) (source.Source, error) {
	if prefix != "" {
		return nil, fmt.Errorf("%w: prefix %s", source.ErrNoSource, prefix)
	}
	return s.Store(ctx, where)
}

// Store opens a store. It may ask the instance for its region, and nothing
// else of the network: whether the store is there shows at the first request.
func (s *Set) Store(ctx context.Context, where job.Store) (*store.Store, error) {
	o := s.open(ctx, where)
	return o.store, o.err
}

// Account is the AWS account of a store, as far as its credentials tell: see
// [awsconf.Config.Account].
func (s *Set) Account(ctx context.Context, where job.Store) string {
	o := s.open(ctx, where)
	if o.err != nil || where.Kind != DynamoDB {
		return ""
	}
	return o.aws.Account(ctx)
}

func (s *Set) open(ctx context.Context, where job.Store) *opened {
	s.mu.Lock()
	if s.stores == nil {
		s.stores = map[job.Store]*opened{}
	}
	o, ok := s.stores[where]
	if !ok {
		o = &opened{}
		s.stores[where] = o
	}
	s.mu.Unlock()
	o.once.Do(func() { o.open(ctx, where, s.Meter) })
	return o
}

func (o *opened) open(ctx context.Context, where job.Store, m *awsconf.Meter) {
	if where.Kind == Local {
		l := local.New(LocalOptions(where))
		o.store = store.New(store.Options{Reader: l, Scanner: l, Writer: l, Historian: l, Decrypter: l, KeyMaker: l, Rewriter: l, Rewrapper: l})
		return
	}
	settings := Settings(where)
	settings.Meter = m
	if o.aws, o.err = awsconf.Load(ctx, settings); o.err != nil {
		return
	}
	table, keys := dynamo.New(o.aws.AWS, where.Table), kms.New(o.aws.KMS, where.Key)
	o.store = store.New(store.Options{Reader: table, Scanner: table, Writer: table, Historian: table, Decrypter: keys, KeyMaker: keys, Prober: table, Rewriter: table, Rewrapper: keys})
}

// Settings are what of a store's place is AWS's.
func Settings(where job.Store) awsconf.Settings {
	return awsconf.Settings{Region: where.Region, KMSRegion: where.KMSRegion, Profile: where.Profile, RoleARN: where.RoleARN}
}

// LocalOptions say where a local store's files are.
func LocalOptions(where job.Store) local.Options {
	return local.Options{Path: where.Path, KeyPath: where.LocalKey}
}
