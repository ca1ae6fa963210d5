package wire

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// Settings are the region, FIPS, dual stack, credentials, HTTP client and retryer that the
// SDK's clients take from a configuration. They are those of its client for SSO, which is
// part of the program anyway: other clients would add their endpoint rules to each start.
type Settings struct {
	ssooidc.Options
	// Own is the service's endpoint in variables or the profile when the settings were made,
	// or nil. OwnErr: it is not one.
	Own    *string
	OwnErr error
}

// SettingsOf returns the settings of a configuration for the service with that ServiceID.
func SettingsOf(cfg aws.Config, id string) Settings {
	s := Settings{Options: ssooidc.NewFromConfig(cfg).Options()}
	s.Own, s.OwnErr = own(context.Background(), cfg, id)
	return s
}

// FIPS reports whether requests go to hosts with validated cryptography.
func (s Settings) FIPS() bool {
	return s.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
}

// DualStack reports whether requests go to hosts with IPv6.
func (s Settings) DualStack() bool {
	return s.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
}

// NewRegional returns a client for a service with an endpoint in each region. endpoint is
// called as [JSONOptions].Endpoint is.
func NewRegional(cfg aws.Config, o JSONOptions, endpoint func(context.Context, Settings) (smithyendpoints.Endpoint, error)) *JSONClient {
	s := SettingsOf(cfg, o.ServiceID)
	o.Endpoint = func(ctx context.Context, _ string) (smithyendpoints.Endpoint, error) {
		return endpoint(ctx, s)
	}
	o.Region, o.AppID, o.Credentials, o.HTTP, o.Retryer = s.Region, cfg.AppID, s.Credentials, s.HTTPClient, s.Retryer
	return NewJSON(o)
}

// Regional returns the endpoint of a service whose hosts are NAME.REGION or NAME-fips.REGION
// in the domain of the partition. It evaluates the endpoint rules of SSO, which has such
// hosts, and replaces the service's name.
func Regional(ctx context.Context, s Settings, name string) (smithyendpoints.Endpoint, error) {
	if s.OwnErr != nil {
		return smithyendpoints.Endpoint{}, s.OwnErr
	}
	e, err := ssooidc.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssooidc.EndpointParameters{
		Region: aws.String(s.Region), Endpoint: s.Own, UseFIPS: aws.Bool(s.FIPS()), UseDualStack: aws.Bool(s.DualStack()),
	})
	if err != nil || s.Own != nil {
		return e, err
	}
	service, rest, _ := strings.Cut(e.URI.Host, ".")
	if service != "oidc" && service != "oidc-fips" {
		return e, SafeError("no endpoint rules for this region")
	}
	if s.FIPS() {
		name += "-fips" // SSO's name in us-gov has none
	}
	e.URI.Host = name + "." + rest
	return e, nil
}

// own returns the endpoint of AWS_ENDPOINT_URL_<service>, AWS_ENDPOINT_URL or the
// profile, in this order, or nil. The SDK does not export its own search
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
func own(ctx context.Context, cfg aws.Config, id string) (*string, error) {
	if ignored(ctx, cfg) {
		return cfg.BaseEndpoint, nil
	}
	for _, src := range cfg.ConfigSources {
		if p, ok := src.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if url, found, err := p.GetServiceBaseEndpoint(ctx, id); err != nil || found {
				return aws.String(url), err
			}
		}
		// The variable for all services goes before a profile's for one.
		if env, ok := src.(config.EnvConfig); ok && env.BaseEndpoint != "" {
			break
		}
	}
	return cfg.BaseEndpoint, nil
}

func ignored(ctx context.Context, cfg aws.Config) bool {
	for _, src := range cfg.ConfigSources {
		if p, ok := src.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := p.GetIgnoreConfiguredEndpoints(ctx); err != nil || found {
				return ignore
			}
		}
	}
	return false
}
