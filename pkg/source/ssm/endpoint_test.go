package ssm

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Requests go where the SDK's own client would send them, in every partition
// and form of endpoint, and wherever an endpoint of one's own is written.
func TestEndpointsAreThoseOfTheSDK(t *testing.T) {
	for _, own := range []map[string]string{
		{},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2/path"},
		{"AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:3"},
		{"AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
	} {
		t.Run(fmt.Sprint(own), func(t *testing.T) {
			t.Setenv("AWS_CONFIG_FILE", "/dev/null")
			for name, value := range own {
				t.Setenv(name, value)
			}
			for _, form := range [][2]string{{"false", "false"}, {"true", "false"}, {"false", "true"}, {"true", "true"}} {
				t.Setenv("AWS_USE_FIPS_ENDPOINT", form[0])
				t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", form[1])
				cfg, err := config.LoadDefaultConfig(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, cfg.Region = range []string{"eu-west-1", "us-east-1", "ca-central-1", "cn-north-1", "us-gov-west-1", "us-gov-east-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "xx-new-9"} {
					compareEndpoint(t, cfg)
				}
			}
		})
	}
}

func compareEndpoint(t *testing.T, cfg aws.Config) {
	t.Helper()
	o := sdk.NewFromConfig(cfg).Options()
	want, wantErr := o.EndpointResolverV2.ResolveEndpoint(t.Context(), sdk.EndpointParameters{
		Region: aws.String(o.Region), Endpoint: o.BaseEndpoint,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	got, err := endpoint(t.Context(), cfg, kms.NewFromConfig(cfg).Options())
	if (err == nil) != (wantErr == nil) || err == nil && got.URI != want.URI {
		t.Errorf("%s, FIPS %v, dual-stack %v: got %s, %v; the SDK has %s, %v", cfg.Region, o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint, got.URI.String(), err, want.URI.String(), wantErr)
	}
}
