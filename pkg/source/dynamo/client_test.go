package dynamo

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/test/endpointtest"
)

// Requests go where the SDK's own client would send them, in every partition, mode of
// accounts and form of endpoint, and wherever an endpoint of one's own is written.
func TestEndpointsAreThoseOfTheSDK(t *testing.T) {
	endpointtest.Run(t, "DYNAMODB", "dynamodb", func(t *testing.T, cfg aws.Config) {
		t.Helper()
		compareModes(t, cfg)
		if cfg.Region == "eu-west-1" { // once more for DynamoDB Local
			cfg.Region = "local"
			compareModes(t, cfg)
		}
	})
}

func compareModes(t *testing.T, cfg aws.Config) {
	t.Helper()
	for _, mode := range []aws.AccountIDEndpointMode{"", aws.AccountIDEndpointModePreferred, aws.AccountIDEndpointModeRequired, aws.AccountIDEndpointModeDisabled} {
		cfg.AccountIDEndpointMode = mode
		ours, theirs := rules{cfg: cfg, settings: wire.SettingsOf(cfg, serviceID)}, sdk.NewFromConfig(cfg).Options()
		for _, account := range []string{"", "123456789012", "not/one"} {
			for _, ours.table = range []string{
				"credential-store", "arn:aws:dynamodb:" + cfg.Region + ":210987654321:table/shared",
				"arn:aws:dynamodb:xx-other-1:210987654321:table/shared", "arn:aws:dynamodb:" + cfg.Region + ":a/b:table/shared", "arn:aws:s3:" + cfg.Region + ":210987654321:table/shared",
			} {
				compareEndpoint(t, ours, theirs, account)
			}
		}
	}
}

func compareEndpoint(t *testing.T, ours rules, theirs sdk.Options, account string) {
	t.Helper()
	params := sdk.EndpointParameters{
		Region: &theirs.Region, Endpoint: theirs.BaseEndpoint, ResourceArn: &ours.table, AccountIdEndpointMode: aws.String(string(theirs.AccountIDEndpointMode)),
		UseFIPS:      aws.Bool(theirs.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(theirs.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	}
	if account != "" {
		params.AccountId = &account
	}
	want, wantErr := theirs.EndpointResolverV2.ResolveEndpoint(t.Context(), params)
	got, err := ours.endpoint(t.Context(), account)
	if (err == nil) != (wantErr == nil) || err == nil && (got.URI != want.URI || signing(got) != signing(want)) {
		t.Errorf("%s, %+v, mode %q, account %q, table %s: got %s, %v; the SDK has %s, %v",
			theirs.Region, theirs.EndpointOptions, ours.cfg.AccountIDEndpointMode, account, ours.table, got.URI.String(), err, want.URI.String(), wantErr)
	}
}

// signing returns the region of signatures that an endpoint sets.
func signing(e smithyendpoints.Endpoint) string {
	schemes, _ := smithyauth.GetAuthOptions(&e.Properties)
	for _, s := range schemes {
		if region, ok := smithyhttp.GetSigV4SigningRegion(&s.SignerProperties); ok {
			return region
		}
	}
	return ""
}
