// Package endpointtest lists the ways to configure an endpoint, for tests that compare
// credrender's clients with the SDK's.
package endpointtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// regions are all of the SDK's list (aws/internal/endpoints/awsrulesfn), the global
// ones of each partition, and one that is in none.
func regions() []string {
	return strings.Fields(`
		af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2
		ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1
		eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1
		us-east-1 us-east-2 us-west-1 us-west-2 aws-global cn-north-1 cn-northwest-1 aws-cn-global us-gov-east-1 us-gov-west-1
		aws-us-gov-global us-iso-east-1 us-iso-west-1 aws-iso-global us-isob-east-1 us-isob-west-1 aws-iso-b-global aws-iso-e-global aws-iso-f-global eu-isoe-west-1 us-isof-east-1 us-isof-south-1
		eusc-de-east-1 xx-new-9`)
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
