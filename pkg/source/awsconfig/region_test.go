package awsconfig_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/test/awsfake"
)

// What is no region is refused wherever it comes from, before a host is made of it.
func TestRegionsAreChecked(t *testing.T) {
	for _, bad := range []string{"evil.com/#", "eu-west-1.evil.com", "eu west 1", "EU-WEST-1", "-eu", "eu-", "a@b", "a:80", "ü", strings.Repeat("a", 64), "eu-west-1\n"} {
		for name, load := range map[string]func(t *testing.T) error{
			"flag":       func(t *testing.T) error { return loadIn(t, awsconfig.Options{Region: bad}) },
			"KMS's flag": func(t *testing.T) error { return loadIn(t, awsconfig.Options{Region: "eu-west-1", KMSRegion: bad}) },
			"variable":   func(t *testing.T) error { return loadIn(t, awsconfig.Options{}, "AWS_REGION="+bad) },
			"profile": func(t *testing.T) error {
				if strings.HasSuffix(bad, "\n") {
					t.Skip("the end of a line ends the value")
				}
				file := filepath.Join(t.TempDir(), "config")
				if err := os.WriteFile(file, []byte("[default]\nregion = "+bad+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return loadIn(t, awsconfig.Options{}, "AWS_CONFIG_FILE="+file)
			},
			"instance": func(t *testing.T) error {
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
					if strings.HasSuffix(r.URL.Path, "/api/token") {
						_, _ = w.Write([]byte("token"))
						return
					}
					_, _ = w.Write([]byte(`{"region": "` + strings.TrimSuffix(bad, "\n") + ` "}`))
				}))
				t.Cleanup(srv.Close)
				return loadIn(t, awsconfig.Options{}, "AWS_EC2_METADATA_SERVICE_ENDPOINT="+srv.URL)
			},
		} {
			t.Run(name+" "+bad, func(t *testing.T) {
				if err := load(t); !errors.Is(err, awsconfig.ErrRegion) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	for _, good := range []string{"eu-west-1", "us-gov-east-1", "cn-north-1", "us-isob-east-1", "eusc-de-east-1", "local", "xx-new-9"} {
		if err := loadIn(t, awsconfig.Options{Region: good}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func loadIn(t *testing.T, o awsconfig.Options, env ...string) error {
	t.Helper()
	awsfake.SetEnv(t, append([]string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}, env...)...)
	_, err := awsconfig.Load(t.Context(), o)
	return err
}
