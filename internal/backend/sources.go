package backend

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/credrender/credrender/internal/caroots"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/ec2"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/pkg/source/secretsmanager"
	"github.com/credrender/credrender/pkg/source/ssm"
)

// ec2Region keeps the search for a region from asking the instance before the
// instance itself is asked: no request depends on it.
const ec2Region = "us-east-1"

// PlaceOf finds what a prefix means beside a store: a named source of the
// config, or AWS's own in the store's region and as its identity.
func PlaceOf(where job.Store, prefix string) (job.Store, error) {
	if prefix == "" {
		where.Sources = nil // equal stores are one, whatever is configured beside them
		return where, nil
	}
	if named, ok := where.Named(prefix); ok {
		return named, nil
	}
	kinds := map[string]string{source.SSM: SSM, source.SecretsManager: SecretsManager, source.S3: S3, source.S3Object: s3Object, source.EC2: source.EC2}
	kind, ok := kinds[prefix]
	if !ok {
		return job.Store{}, fmt.Errorf("%w: %s", source.ErrNoSource, prefix)
	}
	if kind == source.EC2 {
		return job.Store{Kind: kind}, nil
	}
	return job.Store{Kind: kind, Region: where.Region, KMSRegion: where.KMSRegion, Profile: where.Profile, RoleARN: where.RoleARN}, nil
}

// openSource opens what is no table of items. Nothing is asked of a service
// before the first Fetch, and its client is made only here.
func (s *Set) openSource(ctx context.Context, where job.Store) (source.Source, error) {
	settings := Settings(where)
	if where.Kind == source.EC2 {
		settings.DefaultRegion = ec2Region
	}
	c, err := s.aws(ctx, settings)
	if err != nil {
		return nil, err
	}
	switch where.Kind {
	case SSM:
		return ssm.New(c.AWS), nil
	case SecretsManager:
		return secretsmanager.New(c.AWS), nil
	case s3Object:
		return s3.New(c.AWS), nil
	case source.EC2:
		return ec2.New(c.AWS), nil
	case S3:
		secrets := s3.NewSecrets(s3.New(c.AWS), s.keys(c, where))
		if where.Path != "" {
			return secrets.In(where.Path), nil
		}
		return secrets, nil
	}
	return nil, fmt.Errorf("%w: of type %s", source.ErrNoSource, where.Kind)
}

// AWS is the configuration of a store in AWS, shared with what the Set has
// opened there: whoever is asked for an MFA code is asked once.
func (s *Set) AWS(ctx context.Context, where job.Store) (awsconfig.Config, error) {
	return s.aws(ctx, Settings(where))
}

// aws loads each set of settings once: sources that share region and identity
// share credentials and connections.
func (s *Set) aws(ctx context.Context, settings awsconfig.Options) (awsconfig.Config, error) {
	settings = s.complete(settings)
	key := awsKey{settings.Region, settings.KMSRegion, settings.Profile, settings.RoleARN, settings.DefaultRegion}
	s.mu.Lock()
	if s.configs == nil {
		s.configs = map[awsKey]*opened[awsconfig.Config]{}
	}
	o, ok := s.configs[key]
	if !ok {
		o = &opened[awsconfig.Config]{}
		s.configs[key] = o
	}
	s.mu.Unlock()
	return o.get(func() (awsconfig.Config, error) {
		caroots.Provide()
		c, err := awsconfig.Load(ctx, settings)
		if err != nil {
			return c, err
		}
		return s.sessions.share(c, key.identity()), nil
	})
}

// sessions are the credentials of each profile and role. They serve all regions, so
// that an MFA code is asked for once.
type sessions struct {
	mu   sync.Mutex
	kept map[identity]aws.CredentialsProvider
}

type identity struct{ profile, role string }

func (k awsKey) identity() identity { return identity{k.profile, k.role} }

// share gives c the credentials of its identity, which are c's own the first time.
func (s *sessions) share(c awsconfig.Config, who identity) awsconfig.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[who] == nil {
		s.set(who, c.AWS.Credentials)
	}
	c.AWS.Credentials, c.KMS.Credentials = s.kept[who], s.kept[who]
	return c
}

// replace is for credentials that have changed.
func (s *sessions) replace(who identity, p aws.CredentialsProvider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(who, p)
}

func (s *sessions) set(who identity, p aws.CredentialsProvider) {
	if s.kept == nil {
		s.kept = map[identity]aws.CredentialsProvider{}
	}
	s.kept[who] = p
}

func (s *Set) complete(o awsconfig.Options) awsconfig.Options {
	o.Meter, o.OneShot, o.MFA, o.Observer = s.Meter, !s.Lasting, s.MFA, s.Observer
	return o
}

// Renew loads the credentials of everything that is open anew, and returns the
// configurations whose credentials are others now: the SDK reads static ones of
// ~/.aws once, however long the process runs. What cannot be loaded stays.
func (s *Set) Renew(ctx context.Context) (renewed []awsconfig.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var anew sessions
	for key, o := range s.configs {
		old, open := o.current()
		if !open {
			continue
		}
		fresh, err := awsconfig.Load(ctx, s.complete(awsconfig.Options{
			Region: key.region, KMSRegion: key.kmsRegion, Profile: key.profile, RoleARN: key.role, DefaultRegion: key.defaultRegion,
		}))
		if err != nil {
			continue
		}
		if fresh = anew.share(fresh, key.identity()); !differ(ctx, old, fresh) {
			continue
		}
		s.sessions.replace(key.identity(), fresh.AWS.Credentials)
		s.configs[key] = &opened[awsconfig.Config]{done: true, value: fresh}
		renewed = append(renewed, fresh)
	}
	if len(renewed) > 0 {
		s.sources = nil
	}
	return renewed
}

// differ reports whether fresh has credentials, and others than old.
func differ(ctx context.Context, old, fresh awsconfig.Config) bool {
	now, err := fresh.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return false
	}
	before, err := old.AWS.Credentials.Retrieve(ctx)
	return err != nil || now.AccessKeyID != before.AccessKeyID || now.SecretAccessKey != before.SecretAccessKey || now.SessionToken != before.SessionToken
}

// awsKey is what of settings can differ within a Set.
type awsKey struct{ region, kmsRegion, profile, role, defaultRegion string }

// Keys are KMS in the place of a store, to write with its key.
func (s *Set) Keys(ctx context.Context, where job.Store) (*kms.Keys, error) {
	c, err := s.aws(ctx, Settings(where))
	if err != nil {
		return nil, err
	}
	return s.keys(c, where), nil
}

func (s *Set) keys(c awsconfig.Config, where job.Store) *kms.Keys {
	return kms.New(c.KMS, where.Key).WithGrantTokens(s.GrantTokens...)
}
