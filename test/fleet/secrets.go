package fleet

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// What each host renders: all hosts the same, the worst case for a quota by
// name. The last secret is a bundle of certificates.
const (
	Jobs      = 5
	PerJob    = 4
	Secrets   = Jobs * PerJob
	smallSize = 1 << 10
	bigSize   = 40 << 10
)

// Where is the store that has the secrets.
func Where() job.Store {
	return job.Store{Kind: "dynamodb", Table: "credential-store", Key: "alias/credstash", Region: awsfake.Region}
}

// Name is the name of a secret, from 0 up to but not including Secrets.
func Name(i int) string { return fmt.Sprintf("app.secret%02d", i) }

// Open makes table, key and secrets in an empty cloud, and returns the store as
// hosts see it.
func (c *Cloud) Open(ctx context.Context) (*store.Store, error) {
	free, err := config(ctx, desk{c})
	if err != nil {
		return nil, err
	}
	if _, err := dynamo.New(free, Where().Table).EnsureTable(ctx); err != nil {
		return nil, err
	}
	if _, err := kms.New(free, Where().Key).EnsureKey(ctx); err != nil {
		return nil, err
	}
	for i := range Secrets {
		if err := c.Rotate(ctx, i); err != nil {
			return nil, err
		}
	}
	cfg, err := config(ctx, c)
	if err != nil {
		return nil, err
	}
	return open(cfg), nil
}

// Rotate puts the next version of a secret, in no time and for nothing.
func (c *Cloud) Rotate(ctx context.Context, i int) error {
	cfg, err := config(ctx, desk{c})
	if err != nil {
		return err
	}
	size := smallSize
	if i == Secrets-1 {
		size = bigSize
	}
	_, _, err = open(cfg).Put(ctx, store.PutRequest{Name: Name(i), Value: source.NewSecret(bytes.Repeat([]byte("x"), size))})
	return err
}

// config leads AWS's clients to a cloud, as patiently as credrender is.
func config(ctx context.Context, client aws.HTTPClient) (awsconfig.Client, error) {
	c, err := awsconfig.Load(ctx, awsconfig.Options{Region: Where().Region})
	return awsconfig.Client{Config: aws.Config{
		Region: Where().Region, HTTPClient: client, Retryer: c.AWS.Retryer,
		Credentials: credentials.NewStaticCredentialsProvider(awsfake.AccessKey, "secret", ""),
	}}, err
}

func open(cfg awsconfig.Client) *store.Store {
	table, keys := dynamo.New(cfg, Where().Table), kms.New(cfg, Where().Key)
	return store.New(store.Options{Reader: table, Scanner: table, Writer: table, VersionLister: table, Decrypter: keys, DataKeyGenerator: keys, Prober: table})
}
