package kms

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/test/endpointtest"
)

// Requests go where the SDK's own client would send them, in every partition
// and form of endpoint, and wherever an endpoint of one's own is written.
func TestEndpointsAreThoseOfTheSDK(t *testing.T) {
	endpointtest.Run(t, "KMS", "kms", func(t *testing.T, cfg aws.Config) {
		t.Helper()
		o := sdk.NewFromConfig(cfg).Options()
		want, wantErr := o.EndpointResolverV2.ResolveEndpoint(t.Context(), sdk.EndpointParameters{
			Region: aws.String(o.Region), Endpoint: o.BaseEndpoint,
			UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
			UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		})
		got, err := endpoint(t.Context(), wire.SettingsOf(cfg, serviceID))
		if (err == nil) != (wantErr == nil) || err == nil && got.URI != want.URI {
			t.Errorf("%s, %+v: got %s, %v; the SDK has %s, %v", cfg.Region, o.EndpointOptions, got.URI.String(), err, want.URI.String(), wantErr)
		}
	})
}
