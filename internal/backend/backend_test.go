package backend_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/test/awsfake"
)

// Equal settings are opened once, whatever is configured beside them.
func TestSourcesAreOpenedOnce(t *testing.T) {
	awsfake.Start(t).SetEnv(t)
	var set backend.Set
	named := job.Sources{"shared": {Kind: backend.SSM, Region: "us-east-1"}, "table": {Kind: backend.DynamoDB, Table: "t", Region: awsfake.Region}}
	with := job.Store{Kind: backend.DynamoDB, Table: "t", Region: awsfake.Region, Sources: &named}
	without := with
	without.Sources = nil
	open := func(where job.Store, prefix string) source.Source {
		t.Helper()
		src, err := set.Source(t.Context(), where, prefix)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	if open(with, "") != open(without, "") || open(with, "") != open(with, "table") {
		t.Error("one table was opened twice")
	}
	if open(with, source.SSM) == open(with, "shared") {
		t.Error("Parameter Store of two regions is one")
	}
	for _, prefix := range []string{source.S3, source.S3Object, source.SecretsManager, source.EC2} {
		if open(with, prefix) != open(without, prefix) {
			t.Errorf("%s was opened twice", prefix)
		}
	}
	if _, err := set.Source(t.Context(), without, "shared"); !errors.Is(err, source.ErrNoSource) {
		t.Errorf("a prefix that is not configured: %v", err)
	}
	if _, err := set.Store(t.Context(), job.Store{Kind: backend.S3, Path: "b", Region: "r"}, "prune"); !errors.Is(err, source.ErrUnsupported) {
		t.Errorf("items in S3: %v", err)
	}
}

// A store that could not be opened, here for want of a region, can be later.
func TestFailuresAreNotKept(t *testing.T) {
	srv, meta := awsfake.Start(t), awsfake.StartMetadata(t)
	srv.SetEnv(t)
	t.Setenv("AWS_REGION", "")
	var set backend.Set
	where := job.Store{Kind: backend.DynamoDB, Table: "t"}
	if _, err := set.Store(t.Context(), where, "list"); !errors.Is(err, awsconfig.ErrNoRegion) {
		t.Fatalf("got %v, want %v", err, awsconfig.ErrNoRegion)
	}
	for _, kv := range meta.Env() {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	if _, err := set.Store(t.Context(), where, "list"); err != nil {
		t.Error(err)
	}
}

// The regions of a profile have one session: its MFA code is asked for once.
func TestOneSessionForAllRegions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	text := "[profile base]\naws_access_key_id = " + awsfake.AccessKey + "\naws_secret_access_key = secret\n" +
		"[profile app]\nrole_arn = arn:aws:iam::123456789012:role/app\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/jane\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	awsfake.Start(t).SetEnv(t)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_CONFIG_FILE": file} {
		t.Setenv(name, value)
	}
	var asked atomic.Int32
	set := backend.Set{MFA: func(context.Context, string) (string, error) { asked.Add(1); return awsfake.MFACode, nil }}
	var group sync.WaitGroup
	for _, region := range []string{"eu-west-1", "us-east-1", "ap-southeast-2"} {
		group.Go(func() {
			c, err := set.AWS(t.Context(), job.Store{Kind: backend.DynamoDB, Table: "t", Region: region, Profile: "app"})
			if err == nil {
				err = errors.Join(c.CheckCredentials(t.Context()), check(t, c.KMS))
			}
			if err != nil || c.AWS.Region != region {
				t.Errorf("%s: region %s, %v", region, c.AWS.Region, err)
			}
		})
	}
	if group.Wait(); asked.Load() != 1 {
		t.Errorf("the code was asked for %d times", asked.Load())
	}
}

func check(t *testing.T, c awsconfig.Client) error {
	_, err := c.Credentials.Retrieve(t.Context())
	return err
}
