// Package backend opens the stores and sources that settings select: a DynamoDB table
// with its KMS keys, a local file, S3, Parameter Store, Secrets Manager, and the
// instance. It is the only package that knows all of them.
package backend

import (
	"context"
	"sync"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

// Kinds of stores and sources, as job.Store.Kind has them.
const (
	DynamoDB       = "dynamodb"
	Local          = "local"
	S3             = "s3"
	SSM            = "ssm"
	SecretsManager = "secretsmanager"
	s3Object       = "s3object"
)

// Set opens each store and source once. It is safe for concurrent use; the
// zero Set is ready.
type Set struct {
	// The exported fields are set before the first store is opened.

	// Meter counts requests to AWS; nil: nothing is counted.
	Meter *awsconfig.Meter
	// Lasting is for a process that sends more than a batch or two: see
	// awsconfig.Options.OneShot.
	Lasting bool
	// GrantTokens are sent with every request to KMS.
	GrantTokens []string
	// MFA asks for codes: see awsconfig.Options.MFA.
	MFA func(ctx context.Context, serial string) (code string, err error)
	// Observer is called for every attempt.
	Observer source.Observer

	configs cache[awsKey, awsconfig.Config]
	sources cache[job.Store, source.Source]
	// sessions are shared by the configs of all regions.
	sessions sessions
}

// cache opens the value of each key once. After a failure it tries again: a daemon
// outlives an outage of its instance's metadata. The zero cache is ready.
type cache[K comparable, V any] struct {
	mu  sync.Mutex
	all map[K]*opened[V]
}

type opened[V any] struct {
	mu    sync.Mutex
	done  bool
	value V
}

func (c *cache[K, V]) get(key K, open func() (V, error)) (V, error) {
	c.mu.Lock()
	o, ok := c.all[key]
	if !ok {
		if c.all == nil {
			c.all = map[K]*opened[V]{}
		}
		o = &opened[V]{}
		c.all[key] = o
	}
	c.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return o.value, nil
	}
	value, err := open()
	if err == nil {
		o.value, o.done = value, true
	}
	return value, err
}

// replace replaces each open value for which other returns another one, and reports
// whether there was any.
func (c *cache[K, V]) replace(other func(K, V) (V, bool)) (replaced bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, o := range c.all {
		o.mu.Lock()
		if o.done {
			if value, isOther := other(key, o.value); isOther {
				o.value, replaced = value, true
			}
		}
		o.mu.Unlock()
	}
	return replaced
}

func (c *cache[K, V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = nil
}

// Source implements render.Opener: prefix is empty for the store, else that of a ref. It
// may ask the instance for its region, and sends no other request: the first request
// shows whether the store exists.
func (s *Set) Source(ctx context.Context, where job.Store, prefix string) (source.Source, error) {
	where, err := StoreOf(where, prefix)
	if err != nil {
		return nil, err
	}
	return s.source(ctx, where)
}

func (s *Set) source(ctx context.Context, where job.Store) (source.Source, error) {
	return s.sources.get(where, func() (source.Source, error) { return s.open(ctx, where) })
}

// Store opens a store of items: a table or a local file. Of another kind it is
// an [UnableError].
func (s *Set) Store(ctx context.Context, where job.Store, verb string) (*store.Store, error) {
	t, err := s.Target(where, Ref{})
	if err != nil {
		return nil, err
	}
	st, _, err := t.Items(ctx, verb)
	return st, err
}

// Account returns the AWS account of a store if its credentials contain it: see
// [awsconfig.Config.Account].
func (s *Set) Account(ctx context.Context, where job.Store) string {
	if where.Kind != DynamoDB && where.Kind != S3 {
		return ""
	}
	c, err := s.aws(ctx, Settings(where))
	if err != nil {
		return ""
	}
	return c.Account(ctx)
}

func (s *Set) open(ctx context.Context, where job.Store) (source.Source, error) {
	switch where.Kind {
	case Local:
		l := local.New(LocalOptions(where))
		return store.New(store.Options{Reader: l, Scanner: l, Writer: l, VersionLister: l, Decrypter: l, DataKeyGenerator: l, Rewriter: l, ReEncrypter: l}), nil
	case DynamoDB, "":
		c, err := s.aws(ctx, Settings(where))
		if err != nil {
			return nil, err
		}
		table, keys := dynamo.New(c.AWS, where.Table), s.keys(c, where)
		return store.New(store.Options{Reader: table, Scanner: table, Writer: table, VersionLister: table, Decrypter: keys, DataKeyGenerator: keys, Prober: table, Namer: table, Rewriter: table, ReEncrypter: keys}), nil
	}
	return s.openSource(ctx, where)
}

// Settings returns the AWS settings of a store. The ARN of a table states its region.
func Settings(where job.Store) awsconfig.Options {
	region := where.Region
	if arn, named, err := source.ParseTable(where.Table); err == nil && !named && hasItems(where.Kind) {
		region = arn.Region
	}
	return awsconfig.Options{Region: region, KMSRegion: where.KMSRegion, Profile: where.Profile, RoleARN: where.RoleARN}
}

// LocalOptions returns the paths of a local store's files.
func LocalOptions(where job.Store) local.Options {
	return local.Options{Path: where.Path, KeyPath: where.LocalKey}
}
