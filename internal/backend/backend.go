// Package backend opens the stores and sources that settings name: a DynamoDB
// table with its KMS keys, a local file, S3, Parameter Store, Secrets Manager,
// the instance. It is the one place that knows them all.
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
	// Meter, set before the first store is opened, counts what is asked of
	// AWS; nil: nothing is counted.
	Meter *awsconfig.Meter
	// Lasting, set before the first store is opened, is for more than a batch or
	// two: see awsconfig.Options.OneShot.
	Lasting bool
	// GrantTokens, set before the first store is opened, go with every request
	// to KMS.
	GrantTokens []string

	// MFA, set before the first store is opened, asks for codes: see
	// awsconfig.Options.MFA.
	MFA func(ctx context.Context, serial string) (code string, err error)

	// Observer, set before the first store is opened, is told of every attempt.
	Observer source.Observer

	mu      sync.Mutex
	configs map[awsKey]*opened[awsconfig.Config]
	sources map[job.Store]*opened[source.Source]
	// sessions are shared by the configs of all regions.
	sessions sessions
}

// opened is something that is made once, whoever asks first. What failed is
// tried again: a daemon outlives the time in which its instance is silent.
type opened[T any] struct {
	mu    sync.Mutex
	done  bool
	value T
}

func (o *opened[T]) get(open func() (T, error)) (T, error) {
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

// current returns what is open.
func (o *opened[T]) current() (value T, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.value, o.done
}

// Source implements render.Opener: prefix is empty for the store, else that of
// a ref. It may ask the instance for its region, and nothing else of the
// network: whether the store is there shows at the first request.
func (s *Set) Source(ctx context.Context, where job.Store, prefix string) (source.Source, error) {
	where, err := PlaceOf(where, prefix)
	if err != nil {
		return nil, err
	}
	return s.place(ctx, where)
}

func (s *Set) place(ctx context.Context, where job.Store) (source.Source, error) {
	s.mu.Lock()
	if s.sources == nil {
		s.sources = map[job.Store]*opened[source.Source]{}
	}
	o, ok := s.sources[where]
	if !ok {
		o = &opened[source.Source]{}
		s.sources[where] = o
	}
	s.mu.Unlock()
	return o.get(func() (source.Source, error) { return s.open(ctx, where) })
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

// Account is the AWS account of a store, as far as its credentials tell: see
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
		return store.New(store.Options{Reader: table, Scanner: table, Writer: table, VersionLister: table, Decrypter: keys, DataKeyGenerator: keys, Prober: table, Rewriter: table, ReEncrypter: keys}), nil
	}
	return s.openSource(ctx, where)
}

// Settings are what of a store's place is AWS's. A table's ARN states its region.
func Settings(where job.Store) awsconfig.Options {
	region := where.Region
	if arn, named, err := source.ParseTable(where.Table); err == nil && !named && hasItems(where.Kind) {
		region = arn.Region
	}
	return awsconfig.Options{Region: region, KMSRegion: where.KMSRegion, Profile: where.Profile, RoleARN: where.RoleARN}
}

// LocalOptions say where a local store's files are.
func LocalOptions(where job.Store) local.Options {
	return local.Options{Path: where.Path, KeyPath: where.LocalKey}
}
