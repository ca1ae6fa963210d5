package awsconfig_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/test/awsfake"
)

const (
	table = "credential-store"
	key   = "alias/credstash"
	role  = "arn:aws:iam::123456789012:role/app"
)

func TestRegions(t *testing.T) {
	srv := awsfake.Start(t)
	profile := filepath.Join(t.TempDir(), "config")
	writeFile(t, profile, "[profile a]\nregion = eu-central-1\n")
	tests := []struct {
		name     string
		env      []string
		settings awsconfig.Options
		aws, kms string
	}{
		{"variable", []string{"AWS_REGION=eu-north-1"}, awsconfig.Options{}, "eu-north-1", "eu-north-1"},
		{"older variable", []string{"AWS_DEFAULT_REGION=eu-north-1"}, awsconfig.Options{}, "eu-north-1", "eu-north-1"},
		{"setting before variable", []string{"AWS_REGION=eu-north-1"}, awsconfig.Options{Region: "eu-west-3"}, "eu-west-3", "eu-west-3"},
		{"profile", nil, awsconfig.Options{Profile: "a"}, "eu-central-1", "eu-central-1"},
		{"profile by variable", []string{"AWS_PROFILE=a"}, awsconfig.Options{}, "eu-central-1", "eu-central-1"},
		{"variable before profile", []string{"AWS_REGION=eu-north-1"}, awsconfig.Options{Profile: "a"}, "eu-north-1", "eu-north-1"},
		{"KMS elsewhere", []string{"AWS_REGION=eu-north-1"}, awsconfig.Options{KMSRegion: "us-east-1"}, "eu-north-1", "us-east-1"},
		{"default", nil, awsconfig.Options{DefaultRegion: "us-east-1"}, "us-east-1", "us-east-1"},
		{"default last", []string{"AWS_REGION=eu-north-1"}, awsconfig.Options{DefaultRegion: "us-east-1"}, "eu-north-1", "eu-north-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			setEnv(t, srv, "AWS_REGION=", "AWS_CONFIG_FILE="+profile)
			setEnvMore(t, tt.env...)
			c, err := awsconfig.Load(t.Context(), tt.settings)
			if err != nil {
				t.Fatal(err)
			}
			if c.AWS.Region != tt.aws || c.KMS.Region != tt.kms {
				t.Errorf("got %s and %s, want %s and %s", c.AWS.Region, c.KMS.Region, tt.aws, tt.kms)
			}
		})
	}
}

func TestRegionOfInstance(t *testing.T) {
	srv, meta := awsfake.Start(t), awsfake.StartMetadata(t)
	setEnv(t, srv, append(meta.Env(), "AWS_REGION=")...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.AWS.Region != awsfake.Region {
		t.Errorf("got region %q, want %q", c.AWS.Region, awsfake.Region)
	}
	if got := meta.Requests(); got != 2 { // a token and the document
		t.Errorf("asked %d times, want 2", got)
	}
}

// Nothing asks the metadata service where the answer is known without it.
func TestNoMetadataAsked(t *testing.T) {
	srv, meta := awsfake.Start(t), awsfake.StartMetadata(t)
	setEnv(t, srv, meta.Env()...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckCredentials(t.Context()); err != nil {
		t.Error(err)
	}
	if got := meta.Requests(); got != 0 {
		t.Errorf("asked %d times, want 0", got)
	}
}

// A metadata service that is not there costs its second once, for the region
// or for credentials, not for every request; one that refuses costs nothing.
// Every way, the answer arrives by itself: the context has no end.
func TestAbsentMetadata(t *testing.T) {
	silent := awsfake.StartMetadata(t)
	silent.Silent = true
	ways := map[string][]string{
		"silent":   silent.Env(),
		"refusing": {"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + closedPort(t), "AWS_EC2_METADATA_DISABLED=false"},
		"disabled": {"AWS_EC2_METADATA_DISABLED=true"},
	}
	for name, env := range ways {
		t.Run("region, "+name, func(t *testing.T) {
			setEnv(t, awsfake.Start(t), append(env, "AWS_REGION=")...)
			_, err := awsconfig.Load(t.Context(), awsconfig.Options{})
			if !errors.Is(err, awsconfig.ErrNoRegion) {
				t.Errorf("got %v, want %v", err, awsconfig.ErrNoRegion)
			}
		})
		t.Run("credentials, "+name, func(t *testing.T) {
			srv := awsfake.Start(t)
			setEnv(t, srv, append(env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")...)
			before := silent.Requests()
			tab, keys, err := open(t, awsconfig.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				_, err = tab.Newest(t.Context(), "a")
				wantCredentials(t, err)
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("the metadata service's second shows as the caller's deadline")
				}
				_, err = keys.Decrypt(t.Context(), []byte("x"), nil)
				wantCredentials(t, err)
			}
			if got := silent.Requests() - before; got > 2 { // a token, then perhaps IMDSv1
				t.Errorf("asked %d times for ten requests", got)
			}
			if got := len(srv.Requests()); got != 0 {
				t.Errorf("sent %d requests without credentials", got)
			}
		})
	}
}

// Credentials that failed are asked for again after a while: a role may have
// been attached meanwhile.
func TestCredentialsLater(t *testing.T) {
	srv, meta := awsfake.Start(t), awsfake.StartMetadata(t)
	setEnv(t, srv, append(meta.Env(), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")...)
	now := time.Now()
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	wantCredentials(t, c.CheckCredentials(t.Context()))
	meta.SetRole("app")
	wantCredentials(t, c.CheckCredentials(t.Context()))
	now = now.Add(time.Minute)
	if err := c.CheckCredentials(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRole(t *testing.T) {
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	tab, _, err := open(t, awsconfig.Options{RoleARN: role})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := tab.Newest(t.Context(), "a"); !errors.Is(err, source.ErrNoStore) {
			t.Errorf("got %v, want %v", err, source.ErrNoStore)
		}
	}
	if got := srv.Count(awsfake.STS, "AssumeRole"); got != 1 {
		t.Errorf("assumed the role %d times, want once", got)
	}
	for _, r := range srv.Requests() {
		if r.Service == awsfake.STS && r.Role != role {
			t.Errorf("assumed %s, want %s", r.Role, role)
		}
		if r.Service == awsfake.DynamoDB && !strings.HasPrefix(r.AccessKey, "ASIA") {
			t.Errorf("%s was signed by %s, not by the role", r.Operation, r.AccessKey)
		}
	}
}

func TestSessionName(t *testing.T) {
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	for given, want := range map[string]string{"": "/credrender", "theirs": "/theirs"} {
		cfg, err := awsconfig.Load(t.Context(), awsconfig.Options{RoleARN: role, SessionName: given})
		if err != nil {
			t.Fatal(err)
		}
		who, err := sts.NewFromConfig(cfg.AWS.Config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(*who.Arn, want) {
			t.Errorf("session %q: we are %s, want %s at the end", given, *who.Arn, want)
		}
	}
}

func TestRoleRefused(t *testing.T) {
	srv := awsfake.Start(t)
	srv.SetEnv(t)
	srv.Fail(awsfake.Rule{Service: awsfake.STS, Code: "AccessDenied", Status: 403, Message: "User is not authorized to perform: sts:AssumeRole"})
	tab, _, err := open(t, awsconfig.Options{RoleARN: role})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err = tab.Newest(t.Context(), "a")
		wantCredentials(t, err)
		if !strings.Contains(err.Error(), "AccessDenied: User is not authorized to perform: sts:AssumeRole") {
			t.Errorf("the cause is missing in %v", err)
		}
	}
	if got := srv.Count(awsfake.STS, ""); got != 1 {
		t.Errorf("asked STS %d times, want once", got)
	}
}

func TestProfile(t *testing.T) {
	srv := awsfake.Start(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "credentials"), "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n")
	setEnv(t, srv, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"))
	tab, _, err := open(t, awsconfig.Options{Profile: "other"})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = tab.Newest(t.Context(), "a")
	if got := srv.Requests(); len(got) != 1 || got[0].AccessKey != "AKIAOTHER" {
		t.Errorf("got %v, want one request by AKIAOTHER", got)
	}
}

func TestSettingsRefused(t *testing.T) {
	awsfake.Start(t).SetEnv(t)
	_, err := awsconfig.Load(t.Context(), awsconfig.Options{Profile: "a", RoleARN: role})
	if !errors.Is(err, awsconfig.ErrProfileAndRole) {
		t.Errorf("got %v, want %v", err, awsconfig.ErrProfileAndRole)
	}
	_, err = awsconfig.Load(t.Context(), awsconfig.Options{Profile: "none"})
	if err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("got %v, want an error that names the profile", err)
	}
}

func TestCancelled(t *testing.T) {
	srv, meta := awsfake.Start(t), awsfake.StartMetadata(t)
	meta.Silent = true
	setEnv(t, srv, append(meta.Env(), "AWS_REGION=")...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := awsconfig.Load(ctx, awsconfig.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// All services share one pool; there is nothing left for them to clone.
func TestOnePool(t *testing.T) {
	awsfake.Start(t).SetEnv(t)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.AWS.HTTPClient != c.KMS.HTTPClient {
		t.Error("KMS has another HTTP client")
	}
	if _, clonable := c.AWS.HTTPClient.(interface{ Freeze() aws.HTTPClient }); clonable {
		t.Error("services would clone the HTTP client")
	}
}

func wantCredentials(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, source.ErrCredentials) {
		t.Errorf("got %v, want %v", err, source.ErrCredentials)
	}
}

func setEnv(t *testing.T, srv *awsfake.Server, more ...string) {
	t.Helper()
	awsfake.SetEnv(t, append(srv.Env(), more...)...)
}

func setEnvMore(t *testing.T, env ...string) {
	t.Helper()
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// closedPort returns a URL where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// open returns a table and its keys.
// openIn is open in an environment that no other test has meanwhile: for parallel tests.
func openIn(t *testing.T, env []string, o awsconfig.Options) (tab *dynamo.Table, keys *kms.Keys, err error) {
	t.Helper()
	awsfake.InEnv(t, env, func() { tab, keys, err = open(t, o) })
	return tab, keys, err
}

func open(t *testing.T, o awsconfig.Options) (*dynamo.Table, *kms.Keys, error) {
	t.Helper()
	c, err := awsconfig.Load(t.Context(), o)
	if err != nil {
		return nil, nil, err
	}
	return dynamo.New(c.AWS, table), kms.New(c.KMS, key), nil
}
