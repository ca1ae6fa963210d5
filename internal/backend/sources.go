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

// ec2Region keeps the search for a region from asking the instance before its facts are
// asked for. No request depends on it.
const ec2Region = "us-east-1"

// StoreOf returns the settings of the source that a prefix names: a named source of the
// config, or a service of AWS in the region and with the identity of the store where. An
// empty prefix is the store itself.
func StoreOf(where job.Store, prefix string) (job.Store, error) {
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

// openSource opens a source that is not a table of items. It sends no request.
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
		return ssm.New(c.AWS).WithKey(where.Key), nil
	case SecretsManager:
		return secretsmanager.New(c.AWS).WithKey(where.Key), nil
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

// AWS returns the AWS configuration of a store. All that the Set opens there shares it, so
// an MFA code is asked for once.
func (s *Set) AWS(ctx context.Context, where job.Store) (awsconfig.Config, error) {
	return s.aws(ctx, Settings(where))
}

// aws loads each set of settings once. Sources with the same region and identity share
// credentials and connections.
func (s *Set) aws(ctx context.Context, settings awsconfig.Options) (awsconfig.Config, error) {
	settings = s.complete(settings)
	key := awsKey{settings.Region, settings.KMSRegion, settings.Profile, settings.RoleARN, settings.DefaultRegion}
	return s.configs.get(key, func() (awsconfig.Config, error) {
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
type sessions struct{ kept sync.Map }

type identity struct{ profile, role string }

func (k awsKey) identity() identity { return identity{k.profile, k.role} }

// share gives c the credentials of its identity, which are c's own the first time.
func (s *sessions) share(c awsconfig.Config, who identity) awsconfig.Config {
	kept, _ := s.kept.LoadOrStore(who, c.AWS.Credentials)
	c.AWS.Credentials, _ = kept.(aws.CredentialsProvider)
	c.KMS.Credentials = c.AWS.Credentials
	return c
}

func (s *Set) complete(o awsconfig.Options) awsconfig.Options {
	o.Meter, o.OneShot, o.MFA, o.Observer = s.Meter, !s.Lasting, s.MFA, s.Observer
	return o
}

// Renew reloads the credentials of everything that is open, and returns the configurations
// whose credentials have changed: the SDK reads static ones of ~/.aws once, however
// long the process runs. What cannot be loaded stays.
func (s *Set) Renew(ctx context.Context) (renewed []awsconfig.Config) {
	var anew sessions
	changed := s.configs.replace(func(key awsKey, old awsconfig.Config) (awsconfig.Config, bool) {
		fresh, err := awsconfig.Load(ctx, s.complete(awsconfig.Options{
			Region: key.region, KMSRegion: key.kmsRegion, Profile: key.profile, RoleARN: key.role, DefaultRegion: key.defaultRegion,
		}))
		if err != nil {
			return old, false
		}
		if fresh = anew.share(fresh, key.identity()); !differ(ctx, old, fresh) {
			return old, false
		}
		s.sessions.kept.Store(key.identity(), fresh.AWS.Credentials)
		renewed = append(renewed, fresh)
		return fresh, true
	})
	if changed {
		s.sources.clear()
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

// awsKey is the settings that can differ within a Set.
type awsKey struct{ region, kmsRegion, profile, role, defaultRegion string }

// Keys returns KMS for a store, to write with its key.
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
