// Package endpointtest goes through the ways in which an endpoint can be set
// or chosen, for tests that compare ours with that of the SDK's own client.
package endpointtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// regions are of all partitions, and one that is in none.
func regions() []string {
	return []string{"eu-west-1", "us-east-1", "ca-central-1", "cn-north-1", "us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "us-isof-south-1", "eu-isoe-west-1", "ap-southeast-7", "mx-central-1", "il-central-1", "xx-new-9"}
}

// Run calls check for each configuration. service is the service's name as
// variables have it: "SSM".
func Run(t *testing.T, service, profile string, check func(*testing.T, aws.Config)) {
	own := "AWS_ENDPOINT_URL_" + service
	file := filepath.Join(t.TempDir(), "config")
	text := "[default]\nservices = own\nendpoint_url = http://127.0.0.1:5\n[services own]\n" + profile + " =\n  endpoint_url = http://127.0.0.1:4/profile\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{
		{},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", own: "http://127.0.0.1:2/path"},
		{"AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:3"},
		{own: "http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		{"AWS_CONFIG_FILE": file},
		{"AWS_CONFIG_FILE": file, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		{"AWS_CONFIG_FILE": file, own: "https://127.0.0.1:2"},
		{"AWS_CONFIG_FILE": file, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
	} {
		t.Run(fmt.Sprint(env), func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", os.DevNull)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
			for name, value := range env {
				t.Setenv(name, value)
			}
			each(t, check)
		})
	}
}

func each(t *testing.T, check func(*testing.T, aws.Config)) {
	t.Helper()
	for _, form := range [][2]string{{"false", "false"}, {"true", "false"}, {"false", "true"}, {"true", "true"}} {
		t.Setenv("AWS_USE_FIPS_ENDPOINT", form[0])
		t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", form[1])
		cfg, err := config.LoadDefaultConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, cfg.Region = range regions() {
			check(t, cfg)
		}
	}
}
