//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/pkg/source/secretsmanager"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/source/ssm"
	"github.com/credrender/credrender/pkg/store"
)

// The write half of the conformance suite passes over moto, which was written from AWS's
// documentation and not from this program.
func TestWritersOverMoto(t *testing.T) {
	for _, kv := range newAccount(t).env {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys, table := kms.New(c.KMS, "alias/credstash"), dynamo.New(c.AWS, "credential-store")
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := table.EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	makeBucket(t.Context(), t, c.AWS.Config)
	items := store.New(store.Options{Reader: table, Scanner: table, Writer: table, VersionLister: table, Decrypter: keys, DataKeyGenerator: keys})
	parameters, secrets, objects := ssm.New(c.AWS), secretsmanager.New(c.AWS), s3.NewSecrets(s3.New(c.AWS), keys)
	var opened atomic.Int32 // each test has names of its own
	for name, b := range map[string]sourcetest.Backend{
		"table":           {Source: items, Writer: store.RefWriter{Store: items}, Name: func(n string) string { return n }},
		"ssm":             {Source: parameters, Writer: parameters, Prefix: source.SSM, Name: func(n string) string { return "/" + n }, NoContexts: true, TextOnly: true, NoCompare: true, MaxSize: 4096},
		"secrets manager": {Source: secrets, Writer: motoSecrets{secrets}, Prefix: source.SecretsManager, Name: func(n string) string { return n }, NoContexts: true, Keeps: true, MaxSize: 65536},
		"keys":            {Source: secrets, Writer: motoSecrets{secrets}, Prefix: source.SecretsManager, Name: func(n string) string { return strings.Replace(n, "/", "#", 1) }, NoContexts: true, TextOnly: true, NoHistory: true, MaxSize: 65536 - len(`{"large":""}`)},
		"s3":              {Source: objects, Writer: objects, Prefix: source.S3, Name: func(n string) string { return "bucket/" + n }},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.RunWrites(t, func(*testing.T) sourcetest.Backend {
				own, place := fmt.Sprintf("t%d/", opened.Add(1)), b.Name
				b := b
				b.Name = func(n string) string { return place(own + n) }
				return b
			})
		})
	}
}

// motoSecrets looks whether a secret exists before its history is read, because moto answers
// 500 if it does not.
type motoSecrets struct{ *secretsmanager.Secrets }

// History implements source.HistoryReader.
func (m motoSecrets) History(ctx context.Context, r source.Ref) ([]source.VersionInfo, error) {
	if err := m.Fetch(ctx, []source.Ref{r})[r].Err; errors.Is(err, source.ErrNotFound) {
		return nil, err
	}
	return m.Secrets.History(ctx, r)
}

// makeBucket makes a bucket that keeps versions.
func makeBucket(ctx context.Context, t *testing.T, cfg aws.Config) {
	t.Helper()
	client := sdk.NewFromConfig(cfg, func(o *sdk.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(ctx, &sdk.CreateBucketInput{
		Bucket: aws.String("bucket"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuWest1},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutBucketVersioning(ctx, &sdk.PutBucketVersioningInput{
		Bucket: aws.String("bucket"), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
}
